"use strict";
// Draws every chart and viewer from the JSON that it holds. Afterwards the figure's data-drawn is "yes", or "no" with
// the reason in data-reason.

const darkness = matchMedia("(prefers-color-scheme: dark)");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// Colours are stored by name, as "var(--kept)", and looked up when drawn: the page may turn dark at any time.
function coloured(value) {
  if (typeof value === "string") return value.replace(/var\(--([a-z]+)\)/g, (_, name) => colour(name));
  if (Array.isArray(value)) return value.map(coloured);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
  }
  return value;
}

function themed(layout) {
  const axis = { gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("line"), automargin: true };
  const whole = coloured(layout);
  return {
    ...whole,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: colour("text") },
    hoverlabel: { bgcolor: colour("panel"), font: { color: colour("text") } },
    xaxis: { ...axis, ...whole.xaxis },
    yaxis: { ...axis, ...whole.yaxis },
  };
}

const settings = { responsive: true, displaylogo: false, displayModeBar: false, scrollZoom: false };

async function drawChart(figure, spec) {
  await Plotly.react(figure.querySelector(".plot"), coloured(spec.data), themed(spec.layout), settings);
}

// A shape is stored as the four corners of each rectangle; its two triangles follow from their place.
function triangulated(trace) {
  const rectangles = atob(trace.x.bdata).length / 4;
  const triangles = [[], [], []];
  for (let first = 0; first < 4 * rectangles; first += 4) {
    triangles[0].push(first, first);
    triangles[1].push(first + 1, first + 2);
    triangles[2].push(first + 2, first + 3);
  }
  const [i, j, k] = triangles;
  return { ...trace, i, j, k };
}

// A viewer shows one choice at a time in panels side by side that turn together.
async function drawViewer(figure, spec) {
  const plots = [...figure.querySelectorAll(".plot")];
  const chosen = spec.choices[Number(figure.querySelector("select")?.value ?? 0)];
  for (const [index, plot] of plots.entries()) {
    const layout = themed({ ...spec.layout, uirevision: "kept" });
    await Plotly.react(plot, coloured(chosen.panels[index]).map(triangulated), layout, settings);
    if (plot.querySelector(".gl-container canvas") === null) throw new Error("this browser has no WebGL");
  }
  const note = figure.querySelector(".about");
  if (note !== null) note.textContent = chosen.about;
  if (!figure.dataset.joined) joinCameras(figure, plots);
  figure.dataset.joined = "yes";
}

function joinCameras(figure, plots) {
  let turning = false;
  for (const plot of plots) {
    const follow = async (change) => {
      const camera = change["scene.camera"];
      if (turning || camera === undefined) return;
      turning = true;
      await Promise.all(plots.filter((other) => other !== plot).map((other) => Plotly.relayout(other, { "scene.camera": camera })));
      turning = false;
    };
    plot.on("plotly_relayouting", follow);
    plot.on("plotly_relayout", follow);
  }
}

async function draw(figure) {
  try {
    const spec = JSON.parse(figure.querySelector("script").textContent);
    await (figure.classList.contains("viewer") ? drawViewer : drawChart)(figure, spec);
    figure.dataset.drawn = "yes";
  } catch (error) {
    figure.dataset.drawn = "no";
    figure.dataset.reason = String(error);
  }
}

async function drawAll() {
  await Promise.all([...document.querySelectorAll("figure.chart, figure.viewer")].map(draw));
  document.documentElement.dataset.ready = "yes";
}

for (const select of document.querySelectorAll("figure.viewer select")) {
  select.addEventListener("change", () => draw(select.closest("figure")));
}
darkness.addEventListener("change", drawAll);
drawAll();
