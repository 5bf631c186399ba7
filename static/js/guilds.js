// Paints guilds: a row each in their list, and what is known of one on its own page.

import { copyOf, fill, reconcile, setAttribute, setMoment, slot } from "./dom.js";
import { figure, guildWord } from "./figures.js";
import { momentWithYear } from "./time.js";

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
