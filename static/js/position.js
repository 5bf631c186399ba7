/** Where the page stands in the event stream: which log (`epoch`), and the last event it applied. */
export class Position {
  constructor(epoch, last) {
    this.epoch = epoch;
    this.last = last;
  }

  /** Returns the position of a page that shows `stream` as far as its head. */
  static of({ epoch, head }) {
    return new Position(epoch, head);
  }

  /**
   * Says what to do with event `seq`: `apply` it (and moves on), `drop` it, or fill the `gap` before it.
   * What has no place in the log is dropped.
   */
  take(seq) {
    if (!Number.isSafeInteger(seq) || seq <= this.last) return "drop";
    if (seq > this.last + 1) return "gap";
    this.last = seq;
    return "apply";
  }
}
