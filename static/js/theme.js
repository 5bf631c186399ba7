// Runs before the first paint, so that a remembered theme never flashes; hence no module.
// Dark or light by the system's wish, until the reader chooses.
(() => {
  const ORDER = ["system", "dark", "light"];
  const root = document.documentElement;
  root.dataset.js = "";

  const read = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage may be forbidden: then the choice lasts as long as the page
    }
  };
  const keep = (theme) => {
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // as above
    }
  };
  const apply = (theme) => {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  let theme = ORDER.includes(read()) ? read() : "system";
  apply(theme);

  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-toggle]");
    if (!button) return;
    const name = button.querySelector("[data-theme-name]");
    const say = () => (name.textContent = theme);
    button.addEventListener("click", () => {
      theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
      apply(theme);
      keep(theme);
      say();
      dispatchEvent(new Event("themechange"));
    });
    say();
  });
})();
