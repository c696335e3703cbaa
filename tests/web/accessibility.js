// Our own checks of what axe-core calls serious: names, labels, headings, contrast, tables, focus.
() => {
  const found = [];
  const say = (element, what) => found.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const text = (element) => (element.getAttribute("aria-label") || element.textContent || "").trim();
  if (!document.documentElement.lang) found.push("no language");
  if (!document.title.trim()) found.push("no title");
  if (document.querySelectorAll("main").length !== 1) found.push("not one main");
  if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`id twice: ${id}`);
  let level = 1;
  for (const heading of document.querySelectorAll("h1,h2,h3,h4")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) say(heading, "heading level skipped");
    level = own;
  }
  for (const field of document.querySelectorAll("input:not([type=hidden]),select,textarea")) {
    if (!field.labels.length && !field.getAttribute("aria-label")) say(field, "no label");
  }
  for (const control of document.querySelectorAll("a[href],button,summary")) {
    if (shown(control) && !text(control)) say(control, "no name");
  }
  for (const figure of document.querySelectorAll("[role=img]")) if (!text(figure)) say(figure, "no name");
  for (const image of document.querySelectorAll("img:not([alt])")) say(image, "no alternative text");
  for (const table of document.querySelectorAll("main table")) {
    if (!table.caption) say(table, "no caption");
    if (!table.querySelector("th")) say(table, "no headings");
  }
  for (const area of document.querySelectorAll(".scroll")) {
    if (area.scrollWidth > area.clientWidth && area.tabIndex < 0) say(area, "cannot be scrolled by keyboard");
  }
  const rgb = (colour) => colour.match(/[\d.]+/g).map(Number);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  for (const element of document.querySelectorAll("body *:not(script):not(svg *)")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !shown(element) || element.closest(".figure,.skip,datalist,noscript,option,select")) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) say(element, `contrast ${ratio.toFixed(2)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth + 1) found.push(`page is ${document.documentElement.scrollWidth} px wide in ${innerWidth}`);
  return found;
}
