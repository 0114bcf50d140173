// Sorts and filters the tables, reads the charts out, switches the theme. Without it the page is whole.
"use strict";
(() => {
  const FEW = 20;
  const numbers = new Intl.NumberFormat("en");

  // Theme: the system's, until a person chooses.
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const store = {
    read: () => { try { return localStorage.getItem("theme"); } catch { return null; } },
    write: (value) => { try { localStorage.setItem("theme", value); } catch { /* a page of its own */ } },
  };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const tell = () => button.setAttribute("aria-pressed", String(isDark()));
  const chosen = store.read();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    store.write(root.dataset.theme);
    tell();
  });
  system.addEventListener("change", tell);
  tell();

  // Tables.
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  for (const box of document.querySelectorAll("[data-table]")) {
    const table = box.querySelector("table");
    const body = table.tBodies[0];
    const count = box.querySelector(".count");
    const counted = count.textContent;
    const rows = [...body.rows];
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const label = box.querySelector(".filter");
    const input = label.querySelector("input");
    const more = document.createElement("button");
    let isWhole = rows.length <= FEW + 5;

    const show = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let matching = 0;
      for (const row of body.rows) {
        const matches = words.every((word) => texts.get(row).includes(word));
        matching += matches;
        row.hidden = !matches || (!isWhole && matching > FEW);
      }
      count.textContent = words.length ? `${numbers.format(matching)} of ${numbers.format(rows.length)} match` : counted;
      more.hidden = isWhole || matching <= FEW;
      more.textContent = `Show all ${numbers.format(matching)}`;
    };
    label.hidden = rows.length <= 5;
    input.addEventListener("input", show);
    more.type = "button";
    more.className = "more";
    more.addEventListener("click", () => { isWhole = true; show(); table.parentElement.focus(); });
    table.parentElement.after(more);

    const value = (row, index, kind) => {
      const cell = row.cells[index];
      return kind === "number" ? Number(cell.dataset.value) : cell.textContent.trim();
    };
    [...table.tHead.rows[0].cells].forEach((head, index) => {
      const sorter = document.createElement("button");
      sorter.type = "button";
      sorter.append(...head.childNodes);
      head.append(sorter);
      const kind = head.dataset.kind;
      sorter.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        const isUp = before ? before === "descending" : kind === "text";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
        const sign = isUp ? 1 : -1;
        const keyed = rows.map((row, place) => [value(row, index, kind), place, row]);
        keyed.sort(([a, i], [b, j]) =>
          (kind === "number" ? (a - b) * sign : collator.compare(a, b) * sign) || i - j);
        body.append(...keyed.map(([, , row]) => row));
        show();
      });
    });
    show();
  }

  // Charts: the point under the pointer, or chosen by the arrow keys, is told above the chart.
  for (const chart of document.querySelectorAll("[data-chart]")) {
    const hint = chart.querySelector("[data-hint]");
    const picture = chart.querySelector("svg");
    const usual = [...hint.childNodes];
    const points = [...chart.querySelectorAll("[data-say]")];
    let current = -1;
    const say = (index) => {
      points[current]?.classList.remove("on");
      current = index;
      if (index < 0) { hint.replaceChildren(...usual); return; }
      points[index].classList.add("on");
      hint.textContent = points[index].dataset.say;
    };
    const middle = (point) => { const box = point.getBoundingClientRect(); return box.left + box.width / 2; };
    picture.setAttribute("tabindex", "0");
    hint.setAttribute("aria-live", "polite");
    picture.addEventListener("pointermove", (event) => {
      let nearest = 0;
      points.forEach((point, index) => {
        if (Math.abs(middle(point) - event.clientX) < Math.abs(middle(points[nearest]) - event.clientX)) nearest = index;
      });
      if (nearest !== current) say(nearest);
    });
    picture.addEventListener("pointerleave", () => say(-1));
    picture.addEventListener("blur", () => say(-1));
    picture.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -points.length, End: points.length };
      if (!(event.key in steps)) return;
      event.preventDefault();
      const from = current < 0 ? points.length - 1 - steps[event.key] : current;
      say(Math.min(Math.max(from + steps[event.key], 0), points.length - 1));
    });
  }

  // Paper has no buttons: it gets what stands on the screen.
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("footer details")) details.open = true;
  });
})();
