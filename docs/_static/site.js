/* Filters, sorting and steps, for pages that say the same without a script. */
"use strict";

function filters(form) {
  const rows = [...document.querySelectorAll(`#${form.dataset.for} tbody tr`)];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const status = form.querySelector("[role=status]");
  const names = [...form.elements].map((element) => element.name).filter(Boolean);

  function fits(row, text, wanted) {
    for (const name of names) {
      const value = wanted[name];
      if (!value) continue;
      if (name === "words") {
        if (!value.toLowerCase().split(/\s+/).every((word) => text.includes(word))) return false;
      } else if (name === "erratum" && value === "any") {
        if (row.dataset.erratum === "none") return false;
      } else if (!row.dataset[name].split(" ").includes(value)) return false;
    }
    return true;
  }

  function apply() {
    const wanted = Object.fromEntries(names.map((name) => [name, form.elements[name].value]));
    let shown = 0;
    rows.forEach((row, k) => {
      row.hidden = !fits(row, texts[k], wanted);
      shown += !row.hidden;
    });
    status.textContent = `${shown} of ${rows.length} shown`;
    const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
    const place = location.pathname + (query.size ? `?${query}` : "") + location.hash;
    history.replaceState(null, "", place);
  }

  for (const [name, value] of new URLSearchParams(location.search)) {
    if (names.includes(name)) form.elements[name].value = value;
  }
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  apply();
}

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const value = (row, k) => row.cells[k].textContent.trim();
  const number = (text) => (/^[\d.,]+$/.test(text) ? Number(text.replaceAll(",", "")) : NaN);
  heads.forEach((head, k) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].sort((a, b) => {
        const [x, y] = [value(a, k), value(b, k)];
        if (!x || !y) return (x ? 0 : 1) - (y ? 0 : 1); // empty cells come last
        const [m, n] = [number(x), number(y)];
        const order = Number.isNaN(m) || Number.isNaN(n) ? x.localeCompare(y) : m - n;
        return down ? -order : order;
      });
      body.append(...rows);
    });
  });
}

function player(group) {
  const { pieces, frames, words } = JSON.parse(group.querySelector("script").textContent);
  const make = (kind, properties) => Object.assign(document.createElement(kind), properties);
  const frame = make("div", { className: "frame" });
  const status = make("p", { className: "words" });
  const bar = make("div", { className: "bar" });
  const slider = make("input", { type: "range", min: 0, max: frames.length - 1, value: 0 });
  slider.setAttribute("aria-label", "Step");
  let playing = null;

  function show(k) {
    slider.value = k;
    frame.innerHTML = frames[k].map((n) => pieces[n]).join("");
    status.textContent = words[k];
    slider.setAttribute("aria-valuetext", words[k]);
  }
  function stop() {
    status.setAttribute("aria-live", "polite");
    clearInterval(playing);
    playing = null;
    play.textContent = "Play";
  }
  function button(name, action) {
    const made = make("button", { type: "button", textContent: name });
    made.addEventListener("click", action);
    bar.append(made);
    return made;
  }
  const by = (step) => () => {
    stop();
    show((Number(slider.value) + step + frames.length) % frames.length);
  };
  button("Back", by(-1));
  const play = button("Play", () => {
    if (playing) return stop();
    if (Number(slider.value) === frames.length - 1) show(0);
    play.textContent = "Pause";
    status.setAttribute("aria-live", "off");
    playing = setInterval(() => {
      const next = Number(slider.value) + 1;
      if (next >= frames.length) return stop();
      show(next);
    }, 1000);
  });
  button("Next", by(1));
  slider.addEventListener("input", () => {
    stop();
    show(Number(slider.value));
  });
  bar.append(slider);
  group.append(frame, status, bar);
  status.setAttribute("aria-live", "polite");
  group.hidden = false;
  group.previousElementSibling?.classList.add("played");
  show(0);
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("form.filters").forEach(filters);
  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll(".player").forEach(player);
});
