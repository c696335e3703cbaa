"use strict";
// Draws the figures of a page, follows jobs, and remembers the theme. Pages work without it.

const root = document.documentElement;

function colour(name) {
  return getComputedStyle(root).getPropertyValue(name).trim();
}

function themed(layout) {
  const ink = colour("--ink");
  const line = colour("--line");
  const axes = {};
  for (const [name, value] of Object.entries(layout)) {
    if (/^[xy]axis/.test(name)) {
      axes[name] = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true, ...value };
    }
  }
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  return {
    xaxis: axis, yaxis: axis, ...layout, ...axes, height: undefined, width: undefined,
    autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, family: "system-ui, sans-serif", size: 13 },
    margin: { l: 60, r: 16, t: 24, b: 48, ...(layout.margin || {}) },
    // Beneath the axis and its title; a narrow figure is also a low one.
    legend: { orientation: "h", y: innerWidth < 640 ? -0.45 : -0.25, ...(layout.legend || {}) },
    hoverlabel: { bgcolor: colour("--card"), bordercolor: line, font: { color: ink } },
  };
}

// Colours of figures that are too dark on a dark page, and what takes their place there.
const LIGHTER = {
  "#1f5fa8": "#7db4f0", "#1d5fa8": "#5b9be0", "31,95,168": "125,180,240", "#b3261e": "#ff8f85",
};

function read(text) {
  const shown = isDark()
    ? Object.entries(LIGHTER).reduce((all, [from, to]) => all.replaceAll(from, to), text)
    : text;
  const figure = JSON.parse(shown);
  if (innerWidth < 640) {
    // A narrow waterfall has room for the steps' numbers only; the table has their names.
    for (const trace of figure.data.filter((one) => one.type === "waterfall")) {
      trace.x = trace.x.map((name) => name.split(".")[0]);
    }
  }
  return figure;
}

function draw() {
  if (!window.Plotly) return;
  for (const place of document.querySelectorAll(".figure")) {
    const data = place.parentElement.querySelector("script.figure-data");
    if (!data) continue;
    const figure = read(data.textContent);
    window.Plotly.react(place, figure.data, themed(figure.layout || {}), {
      responsive: true, displaylogo: false, displayModeBar: false,
    });
  }
}

function isDark() {
  return root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
}

function theme() {
  const button = document.querySelector("#theme");
  if (!button) return;
  const show = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    show();
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { show(); draw(); });
  show();
}

function follow() {
  const place = document.querySelector("[data-job]");
  if (!place) return;
  const source = new EventSource(`/v1/jobs/${place.dataset.job}/events`);
  const bar = place.querySelector("progress");
  const text = place.querySelector("[data-message]");
  const show = (event) => {
    const job = JSON.parse(event.data);
    bar.value = job.progress;
    text.textContent = job.message || job.status;
    return job;
  };
  source.addEventListener("progress", show);
  source.addEventListener("end", (event) => {
    show(event);
    source.close();
    location.reload();
  });
}

// The slider of the cost curve: what a commitment of this size would cost.
function slide() {
  const slider = document.querySelector("#commitment");
  const data = document.querySelector("script.curve-data");
  if (!slider || !data) return;
  const curve = JSON.parse(data.textContent);
  const output = document.querySelector("#commitment-result");
  const place = slider.closest(".card").querySelector(".figure");
  const money = (value) => value.toLocaleString("en", { maximumFractionDigits: 2, minimumFractionDigits: 2 });
  const show = () => {
    const at = Math.round(slider.value);
    const x = curve.x[at];
    const saving = curve.on_demand - curve.y[at];
    slider.setAttribute("aria-valuetext", `${money(x)} USD an hour`);
    output.textContent = `${money(x)} USD an hour: ${money(curve.y[at])} USD a year, `
      + (saving >= 0 ? `${money(saving)} USD less than on demand.` : `${money(-saving)} USD more than on demand.`);
    if (window.Plotly && place && place.layout) {
      window.Plotly.relayout(place, { shapes: [{ type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1,
        line: { color: colour("--up"), dash: "dot" } }] });
    }
  };
  slider.addEventListener("input", show);
  show();
}

function forms() {
  for (const select of document.querySelectorAll("select[data-submit]")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }
  for (const form of document.querySelectorAll("form[data-confirm]")) {
    form.addEventListener("submit", (event) => {
      if (!confirm(form.dataset.confirm)) event.preventDefault();
    });
  }
}

theme();
draw();
slide();
follow();
forms();
