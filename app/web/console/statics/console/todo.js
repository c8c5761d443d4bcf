// Moves along a queue by J and K, and takes the offer to undo away once it would be refused.
(function () {
  "use strict";
  function items() { return Array.from(document.querySelectorAll("[data-item]")); }
  document.addEventListener("keydown", function (event) {
    var step = { j: 1, k: -1 }[event.key.toLowerCase()];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    var all = items(), here = document.activeElement.closest("[data-item]");
    var at = here ? all.indexOf(here) + step : step > 0 ? 0 : all.length - 1, next = all[at];
    if (!next) return;
    event.preventDefault();
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  });
  var offer = document.querySelector("[data-gone]"), line = document.getElementById("connection");
  var target = location.hash.indexOf("#o-") === 0 && document.getElementById(location.hash.slice(1));
  if (target) target.focus({ preventScroll: true });
  if (!offer) return;
  var ahead = line ? Date.parse(line.dataset.now) - Date.now() : 0;
  setTimeout(function () {
    offer.remove();
    var address = new URL(location.href); // a page loaded again offers nothing that is over
    address.searchParams.delete("decided");
    history.replaceState(null, "", address);
  }, Math.max(0, Date.parse(offer.dataset.gone) - Date.now() - ahead));
})();
