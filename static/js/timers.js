/** One-shot timers by name: setting one again replaces it. */
export class Timers {
  #clock;
  #running = new Map();

  constructor(clock) {
    this.#clock = clock;
  }

  set(name, milliseconds, action) {
    this.clear(name);
    const run = () => {
      this.#running.delete(name);
      action();
    };
    this.#running.set(name, this.#clock.setTimeout(run, milliseconds));
  }

  has(name) {
    return this.#running.has(name);
  }

  clear(...names) {
    for (const name of names) {
      this.#clock.clearTimeout(this.#running.get(name));
      this.#running.delete(name);
    }
  }

  clearAll() {
    this.clear(...this.#running.keys());
  }
}
