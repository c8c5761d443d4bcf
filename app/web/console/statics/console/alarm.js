// The alarm that needs no robot: a bell with its count, the count in the title, a tone, a desktop notice, a red frame.
(function () {
  "use strict";

  var slot = document.getElementById("lb-alarm");
  if (!slot) return;
  var title = document.title;
  var SOUND = "lifeboat-alarm-sound";
  var HEARD = "lifeboat-alarm-heard"; // the newest alert that has rung in this browser, whatever page it was on
  var context = null;

  function kept(name) {
    try { return localStorage.getItem(name); } catch (error) { return null; }
  }

  function keep(name, value) {
    try { localStorage.setItem(name, value); } catch (error) { /* private windows keep nothing */ }
  }

  function tone() {
    var Audio = window.AudioContext || window.webkitAudioContext;
    if (kept(SOUND) !== "on" || !Audio) return;
    context = context || new Audio();
    [0, 0.25, 0.5].forEach(function (after) {
      var voice = context.createOscillator();
      var loudness = context.createGain();
      voice.frequency.value = after === 0.25 ? 660 : 880;
      loudness.gain.value = 0.2;
      voice.connect(loudness).connect(context.destination);
      voice.start(context.currentTime + after);
      voice.stop(context.currentTime + after + 0.18);
    });
  }

  function notice(text) {
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    try { new Notification("订单救生艇：告警", { body: text, tag: "lifeboat-alarm" }); } catch (error) { /* phones refuse */ }
  }

  function ring() {
    var bell = slot.querySelector("[data-count]");
    if (!bell) return;
    var count = Number(bell.dataset.count);
    document.title = count ? "(" + count + ") " + title : title;
    document.documentElement.classList.toggle("lb-red-frame", bell.dataset.level === "red");
    var newest = Number(bell.dataset.newest);
    if (newest > Number(kept(HEARD) || 0)) {
      keep(HEARD, String(newest));
      tone();
      notice(bell.dataset.text);
    }
  }

  async function look() {
    try {
      var answer = await fetch(slot.dataset.bell, { cache: "no-store", redirect: "manual" });
      if (answer.status === 401 || answer.type === "opaqueredirect") return clearInterval(timer);
      if (!answer.ok) return;
      var html = await answer.text();
      if (!slot.contains(document.activeElement)) slot.innerHTML = html;
      ring();
    } catch (error) { /* the page itself says that the connection is lost */ }
  }

  var sound = document.querySelector("[data-alarm-sound]");
  if (sound) {
    sound.hidden = false;
    var show = function () { sound.textContent = kept(SOUND) === "on" ? "关闭声音" : "打开声音"; };
    show();
    sound.addEventListener("click", function () {
      keep(SOUND, kept(SOUND) === "on" ? "off" : "on");
      show();
      tone(); // so that everybody knows what it sounds like, and the browser knows that it is wanted
    });
  }
  var allow = document.querySelector("[data-alarm-notice]");
  if (allow && "Notification" in window && Notification.permission === "default" && window.isSecureContext) {
    allow.hidden = false;
    allow.addEventListener("click", async function () { allow.hidden = (await Notification.requestPermission()) !== "default"; });
  }

  var timer = setInterval(look, 10000);
  look();
})();
