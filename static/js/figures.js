// Figures as the page writes them: what is not known is a dash, never a zero. templatetags/figures.py agrees.

const UNKNOWN = "–";
const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

const BOT_WORDS = {
  online: "online",
  connecting: "connecting to Discord",
  offline: "offline",
  stopped: "stopped",
  never: "never seen",
};
const DELIVERY_WORDS = { live: "live", polling: "polling the database", stale: "database silent" };

const unknown = (value) => value === null || value === undefined;

/** Returns `4,182`, or a dash. */
export const figure = (value) => (unknown(value) ? UNKNOWN : grouped.format(Math.floor(value + 0.5)));

/** Returns `61 ms`, `<1 ms` for what would be rounded to nothing, or a dash. */
export const milliseconds = (value) => (value > 0 && value < 0.5 ? "<1 ms" : unknown(value) ? UNKNOWN : `${figure(value)} ms`);

/** Returns `84 MB`, or a dash. */
export const megabytes = (bytes) => (unknown(bytes) ? UNKNOWN : `${figure(bytes / 1e6)} MB`);

/** Returns `ack 3 s`: how old the last answer of Discord was at the bot's last heartbeat. */
export const ack = (seconds) => (unknown(seconds) ? `ack ${UNKNOWN}` : `ack ${figure(seconds)} s`);

/** Returns `5 guilds`, or nothing when it is not known. */
export function guilds(count) {
  if (unknown(count)) return "";
  return count === 1 ? "1 guild" : `${figure(count)} guilds`;
}

/** Returns the state of the bot in words. */
export const botWord = (state) => BOT_WORDS[state] ?? state;

/** Returns how events come to the page, in words. */
export const deliveryWord = (live) => DELIVERY_WORDS[live] ?? live;

/** Returns what to say of a guild in which the bot is not, or that Discord cannot reach. */
export const guildWord = (state) => (state === "left" || state === "unavailable" ? state : "");
