// Copies, confirms, closes menus. Everything works without it, only less comfortably.
(function () {
  "use strict";

  document.addEventListener("click", async function (event) {
    var button = event.target.closest("[data-copy],[data-copy-text]");
    if (button) {
      var text = button.dataset.copyText || document.querySelector(button.dataset.copy).textContent;
      var before = button.textContent;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "已复制";
      } catch (error) {
        button.textContent = "请手动选择复制";
      }
      setTimeout(function () { button.textContent = before; button.blur(); }, 1500);
      return;
    }
    if (event.target.closest("[data-print]")) window.print();
    var risky = event.target.closest("[data-confirm]");
    if (risky && !confirm(risky.dataset.confirm)) event.preventDefault();
    var menu = document.querySelector("details.lb-me[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
    var file = event.target.closest("a[download]");
    if (file) setTimeout(function () { location.reload(); }, 1500); // so that the download shows in the record
  });

  document.querySelectorAll("[data-print]").forEach(function (button) { button.hidden = false; });

  document.querySelectorAll("form[data-submit-on-change]").forEach(function (form) {
    form.addEventListener("change", function (event) {
      if (event.target.matches("select")) form.submit(); // what is typed is sent by its button
    });
  });

  document.querySelectorAll("form[data-go-on]").forEach(function (form) { // the next part of a long import
    setTimeout(function () { form.submit(); }, 500);
  });

  document.addEventListener("keydown", function (event) { // "/" searches, J and K walk the rows of a list
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input,select,textarea")) return;
    var search = document.querySelector("[data-search]"), key = event.key.toLowerCase();
    if (key === "/" && search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
    if (key !== "j" && key !== "k") return;
    var rows = Array.from(document.querySelectorAll("[data-rows] .lb-list-main")), here = rows.indexOf(document.activeElement);
    var next = rows[here < 0 ? 0 : here + (key === "j" ? 1 : -1)];
    if (next) next.focus();
  });

  window.addEventListener("load", function () { // the alarm comes once the page is there
    var slot = document.getElementById("lb-alarm");
    if (!slot) return;
    var script = document.createElement("script");
    script.src = slot.dataset.script;
    document.head.append(script);
  });
})();
