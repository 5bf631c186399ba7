// Paints guilds: a row each in their list, and what is known of one on its own page.

import { copyOf, fill, reconcile, setAttribute, setMoment, setText, slot } from "./dom.js";
import { figure, guildWord } from "./figures.js";
import { dayName, momentWithYear } from "./time.js";

const setFailed = (element, failed) => setAttribute(slot(element, "failed"), "data-failed", failed ? "yes" : "no");

/** Paints `guilds`, as `/api/guilds` answers them, into the table under `root`. */
export function paintGuilds(root, guilds) {
  reconcile(slot(root, "guilds"), guilds, {
    attribute: "guild",
    keyOf: (guild) => guild.id,
    create: () => copyOf("guild-template"),
    update: (element, guild) => {
      setAttribute(element, "data-state", guild.state);
      setAttribute(slot(element, "link"), "href", root.dataset.page + guild.id);
      fill(element, {
        name: guild.name || guild.id,
        word: guildWord(guild.state),
        members: figure(guild.members),
        today: figure(guild.commandsToday),
        month: figure(guild.commandsMonth),
        failed: figure(guild.failedMonth),
      });
      setFailed(element, guild.failedMonth);
      setMoment(slot(element, "last"), guild.lastAt);
    },
  });
  slot(root, "guild-table").hidden = guilds.length === 0;
  slot(root, "no-guilds").hidden = guilds.length > 0;
}

/** Paints what is known of `guild` into `root`, and its name into the heading under `top`. */
export function paintGuild(top, root, guild) {
  fill(top, { guild: guild.name || guild.id });
  setAttribute(root, "data-state", guild.state);
  fill(root, {
    word: guildWord(guild.state),
    members: figure(guild.members),
    joined: momentWithYear(guild.joinedAt) || "–",
    left: momentWithYear(guild.leftAt) || "–",
  });
  setMoment(slot(root, "last"), guild.lastAt);
}

/** Paints the commands that a guild used into the table under `root`. */
export function paintUsed(root, rows) {
  reconcile(slot(root, "used"), rows, {
    attribute: "command",
    keyOf: (row) => row.command,
    create: () => copyOf("guild-command-template"),
    update: (element, { command, runs, refused, failed }) => {
      fill(element, { name: `/${command}`, runs: figure(runs), refused: figure(refused), failed: figure(failed) });
      setFailed(element, failed);
    },
  });
  slot(root, "used-table").hidden = rows.length === 0;
  slot(root, "none-used").hidden = rows.length > 0;
}

const BOX = 1000;
const dayOf = (day) => dayName(day).split(" ").slice(1, 3).join(" ");

/** Paints the commands of each of `days`, and those that failed, into the chart and the table under `root`. */
export function paintDays(root, days) {
  const top = Math.max(1, ...days.map(({ commands }) => commands));
  days.forEach(({ day, commands, failed }, at) => {
    const bar = slot(root, "bars").children[at];
    setText(bar.querySelector("title"), `${dayOf(day)}: ${figure(commands)} commands, ${figure(failed)} failed`);
    [commands, failed].forEach((count, place) => {
      const height = Math.floor((count * BOX) / top);
      const rectangle = bar.querySelectorAll("rect")[place];
      setAttribute(rectangle, "y", String(BOX - height));
      setAttribute(rectangle, "height", String(height));
    });
  });
  const most = days.reduce((found, day) => (day.commands > found.commands ? day : found));
  fill(root, {
    first: dayOf(days[0].day),
    most: most.commands ? `most: ${figure(most.commands)} on ${dayOf(most.day)}` : "",
  });
  reconcile(slot(root, "days"), [...days].reverse(), {
    attribute: "day",
    keyOf: ({ day }) => day,
    create: () => copyOf("guild-day-template"),
    update: (row, { day, commands, failed }) =>
      fill(row, { day: dayOf(day), commands: figure(commands), failed: figure(failed) }),
  });
}
