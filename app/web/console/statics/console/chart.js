// Draws orders per minute from the table beside it, which says the same without a script.
(function () {
  "use strict";
  var plot = null, drawn = "";

  function colours() {
    var style = getComputedStyle(document.documentElement), of = function (name) { return style.getPropertyValue(name).trim(); };
    return { normal: of("--accent"), high: of("--danger"), text: of("--soft"), line: of("--line"), mark: of("--edge") };
  }
  function read(table) {
    var first = Number(table.dataset.first), times = [], normal = [], all = [];
    for (var n = 0; n < 60; n++) { times.push(first + 60 * n); normal.push(0); all.push(0); }
    table.querySelectorAll("tr[data-at]").forEach(function (row) {
      var place = Math.round((Number(row.dataset.at) - first) / 60);
      if (place < 0 || place > 59) return;
      normal[place] = Number(row.dataset.normal);
      all[place] = Number(row.dataset.normal) + Number(row.dataset.high);
    });
    return [times, all, normal];
  }
  function draw() {
    var box = document.getElementById("inflow"), table = document.getElementById("inflow-table");
    if (!box || !table || !window.uPlot) return;
    var data = read(table), c = colours(), key = JSON.stringify([data, c, box.clientWidth, table.dataset.marks]);
    if (key === drawn) return;
    drawn = key;
    if (plot) plot.destroy();
    var bars = uPlot.paths.bars({ size: [0.8, 24] }), axis = { stroke: c.text, grid: { stroke: c.line, width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    var marks = (table.dataset.marks || "").split(",").filter(Boolean).map(Number);
    plot = new uPlot({
      width: box.clientWidth, height: box.dataset.height ? Math.max(120, box.clientHeight) : 190, legend: { show: false }, cursor: { show: false }, padding: [8, 8, 0, 0],
      scales: { y: { range: function (_u, _min, max) { return [0, Math.max(4, Math.ceil(max * 1.1))]; } } },
      axes: [Object.assign({}, axis, { grid: { show: false }, space: 60, values: function (_u, all) { return all.map(function (t) { return table.dataset.zone ? local(t, Number(table.dataset.zone)) : ""; }); } }),
        Object.assign({}, axis, { size: 38, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] })],
      series: [{}, { fill: c.high, stroke: c.high, width: 0, paths: bars, points: { show: false } }, { fill: c.normal, stroke: c.normal, width: 0, paths: bars, points: { show: false } }],
      hooks: { draw: [function (u) {
        u.ctx.save();
        u.ctx.strokeStyle = c.mark;
        u.ctx.setLineDash([4, 4]);
        marks.forEach(function (at) {
          var x = Math.round(u.valToPos(at, "x", true)) + 0.5;
          u.ctx.beginPath(); u.ctx.moveTo(x, u.bbox.top); u.ctx.lineTo(x, u.bbox.top + u.bbox.height); u.ctx.stroke();
        });
        u.ctx.restore();
      }] },
    }, data, box);
  }
  function local(at, offset) {
    var t = new Date((at + offset) * 1000);
    return String(t.getUTCHours()).padStart(2, "0") + ":" + String(t.getUTCMinutes()).padStart(2, "0");
  }
  document.addEventListener("lifeboat:fresh", draw);
  window.addEventListener("resize", draw);
  document.addEventListener("click", function (event) { if (event.target.closest("[data-theme-switch]")) requestAnimationFrame(draw); });
  draw();
})();
