"""Op 8: guild members on request, in chunks of a thousand."""

import logging
from typing import Any

from botworker.emulator.inbound import Closed
from botworker.emulator.sessions import GUILD_MEMBERS, GUILD_PRESENCES, Session
from botworker.emulator.world import World

Json = dict[str, Any]

CHUNK = 1000

log = logging.getLogger(__name__)


def member_chunks(world: World, session: Session, data: Any) -> list[Json]:
    """The data of each GUILD_MEMBERS_CHUNK that answers a request.

    Discord leaves a request it does not permit unanswered, and so does this, with a warning in
    the log. Raises Closed with 4002 for a request it could not read.
    """
    if not isinstance(data, dict) or ("query" not in data) == ("user_ids" not in data):
        raise Closed(4002, "Either query or user_ids.")
    wanted = data.get("guild_id")
    guild_ids = wanted if isinstance(wanted, list) else [wanted]
    try:
        guilds = [world.guilds.get(int(str(guild_id))) for guild_id in guild_ids]
    except ValueError:
        raise Closed(4002, "guild_id is not an id.") from None
    chunks: list[Json] = []
    for guild in guilds:
        if guild is None or not session.serves(guild.id):
            log.warning("op 8: no such guild on this shard: %s", wanted)
            continue
        missing: list[str] = []
        if "user_ids" in data:
            ids = data["user_ids"] if isinstance(data["user_ids"], list) else [data["user_ids"]]
            members = [guild.members[int(one)] for one in ids if int(one) in guild.members][:100]
            missing = [str(one) for one in ids if int(one) not in guild.members]
        else:
            query, limit = str(data["query"]), int(data.get("limit", 0))
            if (not query or not limit) and not session.intents & GUILD_MEMBERS:
                log.warning("op 8 for all members without the GUILD_MEMBERS intent")
                continue
            everyone = [
                member
                for member in guild.members.values()
                if member.user.username.startswith(query)
                or member.display_name.lower().startswith(query.lower())
            ]
            members = everyone[: min(limit, 100)] if query or limit else everyone
        count = max(1, -(-len(members) // CHUNK))
        for at in range(count):
            chunk: Json = {
                "guild_id": str(guild.id),
                "members": [m.payload() for m in members[at * CHUNK : (at + 1) * CHUNK]],
                "chunk_index": at,
                "chunk_count": count,
                "not_found": missing if at == 0 else [],
            }
            if data.get("presences") and session.intents & GUILD_PRESENCES:
                chunk["presences"] = []
            if isinstance(data.get("nonce"), str) and len(data["nonce"]) <= 32:
                chunk["nonce"] = data["nonce"]
            chunks.append(chunk)
    return chunks
