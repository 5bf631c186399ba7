// Discord's published formats, for ts-json-schema-generator: see formats.py.
import type {
  GatewayGuildCreateDispatch,
  GatewayGuildDeleteDispatch,
  GatewayGuildMemberAddDispatch,
  GatewayGuildUpdateDispatch,
  GatewayGuildMembersChunkDispatch,
  GatewayHeartbeat,
  GatewayHeartbeatAck,
  GatewayHello,
  GatewayIdentify,
  GatewayInteractionCreateDispatch,
  GatewayInvalidSession,
  GatewayReadyDispatch,
  GatewayReconnect,
  GatewayRequestGuildMembers,
  GatewayResume,
  GatewayResumedDispatch,
  GatewayUpdatePresence,
} from "discord-api-types/v10";
import type { Paths } from "discord-api-spec";

export type Rest = Paths;

export interface Frames {
  sent: {
    "7": GatewayReconnect;
    "9": GatewayInvalidSession;
    "10": GatewayHello;
    "11": GatewayHeartbeatAck;
    READY: GatewayReadyDispatch;
    RESUMED: GatewayResumedDispatch;
    GUILD_CREATE: GatewayGuildCreateDispatch;
    GUILD_UPDATE: GatewayGuildUpdateDispatch;
    GUILD_DELETE: GatewayGuildDeleteDispatch;
    GUILD_MEMBER_ADD: GatewayGuildMemberAddDispatch;
    GUILD_MEMBERS_CHUNK: GatewayGuildMembersChunkDispatch;
    INTERACTION_CREATE: GatewayInteractionCreateDispatch;
  };
  received: {
    "1": GatewayHeartbeat;
    "2": GatewayIdentify;
    "3": GatewayUpdatePresence;
    "6": GatewayResume;
    "8": GatewayRequestGuildMembers;
  };
}
