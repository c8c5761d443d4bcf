// Keeps the wall's screen awake; where the browser does not know how, the machine's own settings must.
(function () {
  "use strict";
  async function stayAwake() {
    try { if (navigator.wakeLock && !document.hidden) await navigator.wakeLock.request("screen"); } catch (error) { /* low battery, say */ }
  }
  document.addEventListener("visibilitychange", stayAwake);
  stayAwake();
  setTimeout(function () { location.reload(); }, 6 * 3600 * 1000); // a new release brings a new page
})();
