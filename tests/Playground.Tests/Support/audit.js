// What a checker of accessibility would say of the page as it stands: a list of complaints, empty if there are none.
(() => {
  const complaints = [];
  const shown = element => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".visually-hidden, .skip");
  const where = element => `<${element.tagName.toLowerCase()} id="${element.id}" class="${element.className}"> ${element.textContent.trim().slice(0, 30)}`;

  // Colours as the screen has them, whatever notation a style is computed in.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((value, at) => at < 3 ? value : value / 255);
  };
  const over = (top, under) => [0, 1, 2].map(at => top[at] * top[3] + under[at] * (1 - top[3])).concat(1);
  const background = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const luminance = color => {
    const [r, g, b] = color.map(value => value / 255).map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };

  for (const element of document.querySelectorAll("body *")) {
    const speaks = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
    if (!speaks || !shown(element) || element.closest(":disabled, option, noscript")) continue;
    const style = getComputedStyle(element);
    const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
    const under = background(element);
    let opacity = 1;
    for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    const ink = rgba(style.color);
    ink[3] *= opacity;
    const found = contrast(over(ink, under), under);
    if (found < (large ? 3 : 4.5)) complaints.push(`contrast ${found.toFixed(2)}: ${where(element)}`);
  }

  const named = element => [
    element.getAttribute("aria-label"),
    ...(element.getAttribute("aria-labelledby") ?? "").split(" ").map(id => document.getElementById(id)?.textContent),
    ...[...(element.labels ?? [])].map(label => label.textContent),
    element.matches("button, a, summary, [role=tab]") ? element.textContent : "",
  ].some(name => name?.trim());
  for (const element of document.querySelectorAll("input, select, textarea, button, a, summary, [role=group], [role=tablist], [role=tabpanel], nav, aside section")) {
    if (!named(element)) complaints.push(`no name: ${where(element)}`);
  }

  for (const name of ["for", "aria-labelledby", "aria-controls"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      for (const id of element.getAttribute(name).split(" ")) {
        if (!document.getElementById(id)) complaints.push(`${name}="${id}" names nothing: ${where(element)}`);
      }
    }
  }
  const ids = [...document.querySelectorAll("[id]")].map(element => element.id);
  for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) complaints.push(`id twice: ${id}`);

  const headings = [...document.querySelectorAll("h1, h2, h3, h4")].filter(element => element.checkVisibility()).map(element => Number(element.tagName[1]));
  if (headings.filter(level => level === 1).length !== 1) complaints.push("there must be one h1");
  if (!document.documentElement.lang) complaints.push("no language");
  if (!document.querySelector("main")) complaints.push("no main");
  if (document.querySelectorAll("[tabindex]:not([tabindex='0'], [tabindex='-1'])").length > 0) complaints.push("tabindex above 0");
  for (const image of document.querySelectorAll("svg:not([aria-hidden=true], [role=img]), img:not([alt])")) complaints.push(`no text for ${image.outerHTML}`);

  // Targets of a finger: 24 by 24 CSS pixels (WCAG 2.2, 2.5.8); tokens are text.
  for (const element of document.querySelectorAll("button, select, input, summary, a")) {
    if (!shown(element)) continue;
    const { width, height } = (element.closest("label") ?? element).getBoundingClientRect();
    if (width < 24 || height < 24) complaints.push(`small target ${width.toFixed(0)} × ${height.toFixed(0)}: ${where(element)}`);
  }
  return complaints;
})()
