// Discord's published formats, for ts-json-schema-generator: see formats.py.
import type {
  APIMessage,
  GatewayChannelUpdateDispatch,
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
  GatewayMessageDeleteDispatch,
  GatewayMessageEventExtraFields,
  GatewayMessageReactionAddDispatch,
  GatewayMessageReactionRemoveDispatch,
  GatewayTypingStartDispatch,
  GatewayWebhooksUpdateDispatch,
  GatewayReadyDispatch,
  GatewayReconnect,
  GatewayRequestGuildMembers,
  GatewayRequestSoundboardSounds,
  GatewayResume,
  GatewayResumedDispatch,
  GatewaySoundboardSoundsDispatch,
  GatewayUpdatePresence,
  GatewayVoiceStateUpdate,
} from "discord-api-types/v10";
import type { Paths } from "discord-api-spec";

export type Rest = Paths;

// GatewayMessageCreateDispatch, without what the generator cannot read.
interface MessageDispatch {
  op: 0;
  s: number;
  t: "MESSAGE_CREATE" | "MESSAGE_UPDATE";
  d: APIMessage & GatewayMessageEventExtraFields;
}

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
    CHANNEL_UPDATE: GatewayChannelUpdateDispatch;
    GUILD_MEMBER_ADD: GatewayGuildMemberAddDispatch;
    GUILD_MEMBERS_CHUNK: GatewayGuildMembersChunkDispatch;
    MESSAGE_CREATE: MessageDispatch;
    MESSAGE_UPDATE: MessageDispatch;
    MESSAGE_DELETE: GatewayMessageDeleteDispatch;
    MESSAGE_REACTION_ADD: GatewayMessageReactionAddDispatch;
    MESSAGE_REACTION_REMOVE: GatewayMessageReactionRemoveDispatch;
    SOUNDBOARD_SOUNDS: GatewaySoundboardSoundsDispatch;
    TYPING_START: GatewayTypingStartDispatch;
    WEBHOOKS_UPDATE: GatewayWebhooksUpdateDispatch;
    INTERACTION_CREATE: GatewayInteractionCreateDispatch;
  };
  received: {
    "1": GatewayHeartbeat;
    "2": GatewayIdentify;
    "3": GatewayUpdatePresence;
    "4": GatewayVoiceStateUpdate;
    "6": GatewayResume;
    "8": GatewayRequestGuildMembers;
    "31": GatewayRequestSoundboardSounds;
  };
}
