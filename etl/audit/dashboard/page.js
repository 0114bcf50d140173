// Sorts and filters the tables, reads out the charts, switches the theme. The page is complete without it.
"use strict";
(() => {
  const FEW = 20; // rows of a table on the screen, until a button shows all
  const MOST_ON_PAPER = 50; // and on paper, without that button
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
  const showState = () => button.setAttribute("aria-pressed", String(isDark()));
  const chosen = store.read();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    store.write(root.dataset.theme);
    showState();
  });
  system.addEventListener("change", showState);
  showState();

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
    // On a narrow screen rows become cards, which must stay a table for a screen reader.
    table.setAttribute("role", "table");
    for (const group of [table.tHead, body]) group.setAttribute("role", "rowgroup");
    for (const row of table.rows) {
      row.setAttribute("role", "row");
      for (const cell of row.cells) cell.setAttribute("role", cell.tagName === "TH" ? "columnheader" : "cell");
    }
    const input = label.querySelector("input");
    const more = document.createElement("button");
    let isWhole = rows.length <= FEW + 5;

    const unprinted = document.createElement("p");
    unprinted.className = "left-out not-printed";
    // A row that does not match is hidden; one beyond the first few is hidden until all are shown.
    const show = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let matching = 0;
      for (const row of body.rows) {
        const matches = words.every((word) => texts.get(row).includes(word));
        matching += matches;
        row.hidden = !matches;
        row.classList.toggle("beyond", !isWhole && matching > FEW);
        row.classList.toggle("unprinted", !isWhole && matching > MOST_ON_PAPER);
      }
      const omitted = isWhole ? 0 : Math.max(matching - MOST_ON_PAPER, 0);
      unprinted.hidden = !omitted;
      unprinted.textContent = `${numbers.format(omitted)} more rows are in the file and not printed. “Show all” prints them, too.`;
      count.textContent = words.length ? `${numbers.format(matching)} of ${numbers.format(rows.length)} match “${input.value}”` : counted;
      more.hidden = isWhole || matching <= FEW;
      more.textContent = `Show all ${numbers.format(matching)}`;
    };
    label.hidden = rows.length <= 5;
    input.addEventListener("input", show);
    more.type = "button";
    more.className = "more";
    more.addEventListener("click", () => { isWhole = true; show(); table.parentElement.focus(); });
    table.parentElement.after(more, unprinted);

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

  // Commands are copied by a button; where the browser refuses, the command is selected.
  for (const button of document.querySelectorAll(".copy")) {
    const code = button.previousElementSibling;
    button.hidden = false;
    button.setAttribute("aria-label", `Copy: ${code.textContent}`);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
      } catch { getSelection().selectAllChildren(code); }
    });
  }

  // Charts: the text of the point under the pointer, or chosen by the arrow keys, is shown above.
  for (const chart of document.querySelectorAll("[data-chart]")) {
    const hint = chart.querySelector("[data-hint]");
    const picture = chart.querySelector("svg[role=img]");
    const usual = [...hint.childNodes];
    const points = [...chart.querySelectorAll("[data-text]")];
    let current = -1;
    const choose = (index) => {
      points[current]?.classList.remove("on");
      current = index;
      if (index < 0) { hint.replaceChildren(...usual); return; }
      points[index].classList.add("on");
      hint.textContent = points[index].dataset.text;
    };
    const middle = (point) => { const box = point.getBoundingClientRect(); return box.left + box.width / 2; };
    picture.setAttribute("tabindex", "0");
    hint.setAttribute("aria-live", "polite");
    picture.addEventListener("pointermove", (event) => {
      let nearest = 0;
      points.forEach((point, index) => {
        if (Math.abs(middle(point) - event.clientX) < Math.abs(middle(points[nearest]) - event.clientX)) nearest = index;
      });
      if (nearest !== current) choose(nearest);
    });
    picture.addEventListener("pointerleave", () => choose(-1));
    picture.addEventListener("blur", () => choose(-1));
    picture.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -points.length, End: points.length };
      if (!(event.key in steps)) return;
      event.preventDefault();
      const from = current < 0 ? points.length - 1 - steps[event.key] : current;
      choose(Math.min(Math.max(from + steps[event.key], 0), points.length - 1));
    });
  }
})();
