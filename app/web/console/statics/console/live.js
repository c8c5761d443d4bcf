// Keeps marked regions fresh: a stream names what has changed, each region is fetched and morphed into its place, so
// that focus and selection stay. Without a stream it asks every five seconds. A page never shows an old number as new.
(function () {
  "use strict";
  var line = document.getElementById("connection");
  if (!line || !window.htmx) return;
  htmx.config.morphIgnore.push("open"); // what a person has unfolded stays so
  var POLL = 5000, RETRY = 2500, HIDDEN = 15000, SILENT = 12000, WARN = 10 * 60000;
  var ahead = Date.parse(line.dataset.now) - Date.now() || 0; // of the server's clock before ours
  var ends = Date.parse(line.dataset.ends), good = Date.now(), failing = new Set(), over = false; // a region that comes does not excuse one that does not
  var source = null, streaming = false, marks = new WeakMap(), busy = new WeakSet(), again = new WeakSet();

  function clock(at) {
    var t = new Date(at), two = function (n) { return String(n).padStart(2, "0"); };
    return two(t.getHours()) + ":" + two(t.getMinutes()) + ":" + two(t.getSeconds());
  }
  function amiss() {
    failing.forEach(function (one) { if (!one.isConnected) failing.delete(one); });
    return failing.size > 0;
  }
  function noted(answer) {
    ends = Date.parse(answer.headers.get("x-session-ends")) || ends;
  }

  async function refresh(region) {
    if (over) return;
    if (busy.has(region)) { again.add(region); return; }
    busy.add(region);
    try {
      var headers = { "X-Region": region.dataset.region };
      if (marks.has(region)) headers["If-None-Match"] = marks.get(region);
      var answer = await fetch(region.dataset.from || location.href, { headers: headers, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(10000) });
      if (answer.status === 401 || answer.type === "opaqueredirect") { end(); return; }
      if (!answer.ok && answer.status !== 304) throw new Error(answer.status);
      noted(answer);
      if (answer.status === 200) {
        var text = await answer.text();
        if (!region.dataset.from) {
          var there = new DOMParser().parseFromString(text, "text/html").getElementById(region.id);
          text = there && there.innerHTML; // it may have gone from its page
        }
        if (region.isConnected && text !== null) await htmx.swap({ text: text, target: region, sourceElement: region, swap: "innerMorph" });
        marks.set(region, answer.headers.get("etag"));
        region.dispatchEvent(new CustomEvent("lifeboat:fresh", { bubbles: true }));
      }
      failing.delete(region);
      if (!amiss()) good = Date.now();
    } catch (error) {
      failing.add(region);
    } finally {
      busy.delete(region);
      tick();
      if (again.delete(region)) refresh(region);
    }
  }
  function refreshAll(names) {
    document.querySelectorAll("[data-region]").forEach(function (region) {
      if (!names || names.includes(region.dataset.region)) refresh(region);
    });
  }

  function listen() {
    if (source || over || document.hidden || !window.EventSource) return;
    source = new EventSource(line.dataset.stream);
    source.addEventListener("still", function (event) {
      ahead = Date.parse(JSON.parse(event.data)) - Date.now();
      if (!amiss()) good = Date.now();
      if (!streaming) { streaming = true; refreshAll(); }
    });
    source.addEventListener("changed", function (event) {
      if (!amiss()) good = Date.now();
      refreshAll(JSON.parse(event.data));
    });
    source.addEventListener("over", function () { deaf(); refreshAll(); });
    source.onerror = deaf;
  }
  function deaf() {
    if (source) source.close();
    source = null;
    streaming = false;
  }
  function end() {
    over = true;
    deaf();
    tick();
  }

  var shown = "";
  function say(state, text, link, word) {
    var key = state + text;
    if (key === shown) return;
    shown = key;
    line.dataset.state = state;
    document.documentElement.classList.toggle("lb-lost", state === "lost");
    line.textContent = text;
    if (!word) return;
    var step = document.createElement(link ? "a" : "button");
    step.className = "lb-btn lb-btn-small";
    step.textContent = word;
    if (link) step.href = link; else { step.type = "button"; step.addEventListener("click", stay); }
    line.append(" ", step);
  }
  async function stay() {
    var token = document.querySelector('input[name="csrftoken"]'), body = new URLSearchParams({ csrftoken: token ? token.value : "" });
    try { noted(await fetch(line.dataset.stay, { method: "POST", body: body, redirect: "manual" })); } catch (error) { refreshAll(); }
    tick();
  }
  function here() { return line.dataset.again + encodeURIComponent(location.pathname + location.search); }

  function tick() {
    var now = Date.now(), server = now + ahead;
    document.querySelectorAll("[data-since],[data-until]").forEach(function (one) {
      var since = one.dataset.since, seconds = Math.max(0, Math.round((since ? server - Date.parse(since) : Date.parse(one.dataset.until) - server) / 1000));
      var text = one.dataset.as === "words" ? words(seconds) : figures(seconds, one.dataset.as === "clock");
      if (one.textContent !== text) one.textContent = text;
    });
    if (over) say("lost", "登录已过期，本页自 " + clock(good) + " 起不再更新。", line.dataset.again ? here() : location.href, line.dataset.again ? "重新登录" : "重新载入");
    else if (amiss() || now - good > SILENT) say("lost", "连接中断：自 " + clock(good) + " 起的数字没有更新，正在重试…");
    else if (ends && line.dataset.stay && ends - server < WARN) {
      var left = Math.max(1, Math.ceil((ends - server) / 60000)), text = "登录将在 " + left + " 分钟后到期。";
      if (shown.indexOf(text) < 0 || line.dataset.state !== "live") say("live", text, line.dataset.longest && Date.parse(line.dataset.longest) - server < WARN ? here() : "", line.dataset.longest && Date.parse(line.dataset.longest) - server < WARN ? "重新登录" : "继续使用");
    } else say("live", "");
  }
  function figures(seconds, hours) {
    var two = function (n) { return String(n).padStart(2, "0"); }, h = Math.floor(seconds / 3600), m = Math.floor(seconds / 60) % 60;
    return (hours || h ? two(h) + ":" : "") + two(m) + ":" + two(seconds % 60);
  }
  function words(seconds) {
    if (seconds < 60) return seconds + " 秒前";
    if (seconds < 3600) return Math.floor(seconds / 60) + " 分钟前";
    if (seconds < 86400) return Math.floor(seconds / 3600) + " 小时前";
    return Math.floor(seconds / 86400) + " 天前";
  }

  setInterval(tick, 1000);
  setInterval(function () { if (!document.hidden) { listen(); if (!streaming) refreshAll(); } }, POLL);
  setInterval(function () { if (!document.hidden && amiss()) failing.forEach(refresh); }, RETRY);
  setInterval(function () { if (document.hidden) refreshAll(); }, HIDDEN);
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) deaf(); // browsers allow six connections to one host, and each tab would keep one
    else { listen(); refreshAll(); }
  });
  window.addEventListener("pagehide", deaf);
  window.addEventListener("pageshow", function (event) { if (event.persisted) { listen(); refreshAll(); } });
  tick();
  listen();
})();

// Draws charts from the tables beside them, which say the same without a script.
(function () {
  "use strict";
  var drawn = new WeakMap(); // of each box: what was drawn, and the chart
  var CHARTS = { inflow: inflow, stage: stage };

  function colours() {
    var style = getComputedStyle(document.documentElement), of = function (name) { return style.getPropertyValue(name).trim(); };
    return { normal: of("--accent"), high: of("--danger"), text: of("--soft"), line: of("--line"), mark: of("--edge"), well: of("--ok"), over: of("--warn") };
  }
  function filled(colour, size, align) { return { fill: colour, stroke: colour, width: 0, paths: uPlot.paths.bars({ size: size, align: align || 0 }), points: { show: false } }; }
  function dashed(u, colour, from, to) {
    u.ctx.save();
    u.ctx.strokeStyle = colour;
    u.ctx.setLineDash([4, 4]);
    u.ctx.beginPath(); u.ctx.moveTo(from[0], from[1]); u.ctx.lineTo(to[0], to[1]); u.ctx.stroke();
    u.ctx.restore();
  }

  function inflow(table, c) { // orders of an hour by the minute, and the moments at which files came out
    var first = Number(table.dataset.first), times = [], normal = [], all = [];
    for (var n = 0; n < 60; n++) { times.push(first + 60 * n); normal.push(0); all.push(0); }
    table.querySelectorAll("tr[data-at]").forEach(function (row) {
      var place = Math.round((Number(row.dataset.at) - first) / 60);
      if (place < 0 || place > 59) return;
      normal[place] = Number(row.dataset.normal);
      all[place] = Number(row.dataset.normal) + Number(row.dataset.high);
    });
    return {
      data: [times, all, normal], series: [{}, filled(c.high, [0.8, 24]), filled(c.normal, [0.8, 24])],
      top: function (max) { return Math.max(4, Math.ceil(max * 1.1)); },
      incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000], figure: String,
      over: function (u) {
        (table.dataset.marks || "").split(",").filter(Boolean).map(Number).forEach(function (at) {
          var x = Math.round(u.valToPos(at, "x", true)) + 0.5;
          dashed(u, c.mark, [x, u.bbox.top], [x, u.bbox.top + u.bbox.height]);
        });
      },
    };
  }

  function stage(table, c) { // minutes that orders spend in a stage, hour by hour, beside what is usual, and the limit
    var limit = Number(table.dataset.limit), most = Number(table.dataset.most), times = [], well = [], over = [], usual = [];
    table.querySelectorAll("tr[data-at]").forEach(function (row) {
      var mean = row.dataset.mean ? Math.min(Number(row.dataset.mean), most) : null;
      times.push(Number(row.dataset.at));
      well.push(mean !== null && mean <= limit ? mean : null);
      over.push(mean !== null && mean > limit ? mean : null);
      usual.push(row.dataset.usual ? Math.min(Number(row.dataset.usual), most) : null);
    });
    if (times.length) { times.push(times[times.length - 1] + 3600); well.push(null); over.push(null); usual.push(usual[usual.length - 1]); } // the last hour has an end
    return {
      data: [times, well, over, usual],
      series: [{}, filled(c.well, [0.8, 32], 1), filled(c.over, [0.8, 32], 1),
        { stroke: c.normal, width: 2, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } }],
      top: function (max) { return Math.min(most, Math.max(limit * 1.25, max * 1.1)); },
      incrs: [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 960, 1440], figure: function (n) { return n % 60 || !n ? n + " 分" : n / 60 + " 时"; },
      over: function (u) {
        var y = Math.round(u.valToPos(limit, "y", true)) + 0.5;
        dashed(u, c.mark, [u.bbox.left, y], [u.bbox.left + u.bbox.width, y]);
      },
    };
  }

  function draw() {
    document.querySelectorAll(".lb-plot[data-chart]").forEach(function (box) {
      var table = document.getElementById(box.dataset.table);
      if (!table) return;
      if (!window.uPlot) { load(box.dataset.library); return; }
      var c = colours(), chart = CHARTS[box.dataset.chart](table, c), last = drawn.get(box);
      var key = JSON.stringify([chart.data, c, box.clientWidth, box.clientHeight, table.dataset.marks, table.dataset.limit]);
      if (last && last.key === key) return;
      if (last) last.plot.destroy();
      var axis = { stroke: c.text, grid: { stroke: c.line, width: 1 }, ticks: { show: false }, font: "12px system-ui" };
      var height = box.dataset.height === "fill" ? Math.max(120, box.clientHeight) : Number(box.dataset.height || 190);
      drawn.set(box, { key: key, plot: new uPlot({
        width: box.clientWidth, height: height, legend: { show: false }, cursor: { show: false }, padding: [8, 20, 0, 0],
        scales: { y: { range: function (_u, _min, max) { return [0, chart.top(max || 0)]; } } },
        axes: [Object.assign({}, axis, { grid: { show: false }, size: 30, space: 60, values: function (_u, all) { return all.map(function (t) { return table.dataset.zone ? local(t, Number(table.dataset.zone)) : ""; }); } }),
          Object.assign({}, axis, { size: 46, incrs: chart.incrs, values: function (_u, all) { return all.map(chart.figure); } })],
        series: chart.series, hooks: { draw: [chart.over] },
      }, chart.data, box) });
    });
  }
  function load(library) { // only where there is a chart, and after the first view is there
    if (document.querySelector('script[src="' + library + '"]')) return;
    var script = document.createElement("script");
    script.src = library;
    script.onload = draw;
    document.head.append(script);
  }
  function local(at, offset) {
    var t = new Date((at + offset) * 1000);
    return String(t.getUTCHours()).padStart(2, "0") + ":" + String(t.getUTCMinutes()).padStart(2, "0");
  }
  document.addEventListener("lifeboat:fresh", draw);
  window.addEventListener("resize", draw);
  document.addEventListener("click", function (event) { if (event.target.closest("[data-theme-switch]")) requestAnimationFrame(draw); });
  if (document.readyState === "complete") draw();
  else window.addEventListener("load", draw);
})();
