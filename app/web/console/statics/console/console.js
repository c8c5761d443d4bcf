// Keeps the home page fresh, copies, confirms. Everything works without it, only less comfortably.
(function () {
  "use strict";

  var figures = document.getElementById("lb-figures");
  var lost = document.getElementById("lb-lost");

  function say(text, link) {
    lost.textContent = text;
    if (link) {
      var a = document.createElement("a");
      a.href = link;
      a.textContent = "重新登录";
      lost.append(" ", a);
    }
    lost.hidden = !text;
  }

  async function refresh() {
    if (document.hidden) return true;
    try {
      var answer = await fetch(figures.dataset.refresh, { cache: "no-store", redirect: "manual" });
      if (answer.status === 401 || answer.type === "opaqueredirect") {
        say("登录已过期，页面不再更新。", location.pathname);
        return false;
      }
      if (!answer.ok) throw new Error(answer.status);
      var html = await answer.text();
      var focused = document.activeElement && figures.contains(document.activeElement);
      if (!focused && !String(getSelection())) figures.innerHTML = html; // not under a person's fingers
      say("");
    } catch (error) {
      say("连接中断，数字可能不是最新的，正在重试…");
    }
    return true;
  }

  if (figures) {
    var timer = setInterval(async function () {
      if (!(await refresh())) clearInterval(timer);
    }, Number(figures.dataset.every) * 1000);
    document.addEventListener("visibilitychange", refresh);
  }

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
    var risky = event.target.closest("[data-confirm]");
    if (risky && !confirm(risky.dataset.confirm)) event.preventDefault();
    var menu = document.querySelector("details.lb-me[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
    var file = event.target.closest("a[download]");
    if (file) setTimeout(function () { location.reload(); }, 1500); // so that the download shows in the record
  });

  document.querySelectorAll("form[data-submit-on-change]").forEach(function (form) {
    form.addEventListener("change", function () { form.submit(); });
  });
})();
