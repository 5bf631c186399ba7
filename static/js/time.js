// Times and ages. The page speaks UTC, as its log and the server's sentences do; templatetags/moments.py agrees.

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Returns `12:06:41` of an ISO time in UTC, and nothing of nothing. */
export const clockTime = (timestamp) => (timestamp ? timestamp.slice(11, 19) : "");

/** Returns `12:00` of an ISO time in UTC. */
export const hourTime = (timestamp) => timestamp.slice(11, 16);

/** Returns `Thu 8 Jan 2026` of an ISO time in UTC. */
export function dayName(timestamp) {
  const day = new Date(`${timestamp.slice(0, 10)}T00:00:00Z`);
  return `${DAYS[day.getUTCDay()]} ${day.getUTCDate()} ${MONTHS[day.getUTCMonth()]} ${day.getUTCFullYear()}`;
}

/** Returns `8 Jan, 12:06:41` of an ISO time in UTC, and nothing of nothing. */
export function moment(timestamp) {
  if (!timestamp) return "";
  const [, day, month] = dayName(timestamp).split(" ");
  return `${day} ${month}, ${clockTime(timestamp)}`;
}

/** Returns `8 Jan 2026, 12:06` of an ISO time in UTC, and nothing of nothing. */
export const momentWithYear = (timestamp) =>
  timestamp ? `${dayName(timestamp).split(" ").slice(1).join(" ")}, ${hourTime(timestamp)}` : "";

/** Returns `4 s`, `12 min`, `3 h` or `5 d`; what is a little in the future is `0 s` old. */
export function age(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Returns the moment in the reader's own time zone, for those who point at it. */
export const localMoment = (timestamp) =>
  new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" }).format(new Date(timestamp));

const SAMPLES = 12;

/**
 * The server's clock, as well as the browser can know it.
 *
 * A frame is stamped when it is made and seen a little later, so the largest of the last differences
 * is the nearest to the truth. Until the first live frame only a server ahead of us is believed: a
 * page restored from a cache carries an old stamp, and must look old.
 */
export class ServerClock {
  #differences = [];
  #atLeast = 0;

  constructor(now = () => Date.now()) {
    this.localNow = now;
  }

  /** Takes the stamp of a page that may have been kept in a cache. */
  start(generatedAt) {
    this.#atLeast = Math.max(0, Date.parse(generatedAt) - this.localNow() || 0);
  }

  /** Takes the stamp of a frame that came just now. */
  observe(generatedAt) {
    const difference = Date.parse(generatedAt) - this.localNow();
    if (Number.isFinite(difference)) this.#differences = [...this.#differences.slice(1 - SAMPLES), difference];
  }

  /** Returns the server's time now, in milliseconds. */
  now() {
    return this.at(this.localNow());
  }

  /** Returns the server's time at a moment of the browser's clock. */
  at(local) {
    return local + (this.#differences.length ? Math.max(...this.#differences) : this.#atLeast);
  }
}
