// Sets the chosen colours before the first paint; without a choice the system's own are used.
(function () {
  "use strict";
  try {
    var chosen = localStorage.getItem("lifeboat-theme");
    if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  } catch (error) { /* a browser that keeps nothing */ }
  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-theme-switch]")) return;
    var root = document.documentElement;
    var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("lifeboat-theme", root.dataset.theme); } catch (error) { /* for this page alone */ }
  });
})();
