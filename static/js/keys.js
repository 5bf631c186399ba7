// Keys of the page: one each, and never while somebody types or a dialog is open.

/** Calls `actions[key]()` when its key is pressed. */
export function onKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    if (document.querySelector("dialog[open]") || !Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });
}

/** Shows the keys when `?` is pressed, or the button for it; the focus returns to where it was. */
export function offerHelp() {
  const show = () => document.getElementById("keys").showModal();
  onKeys({ "?": show });
  document.querySelector("[data-show-keys]").addEventListener("click", show);
}
