// Part of the report, before Snakemake's own scripts draw it.

// In a frame, Chromium shows no page of more than 2 MiB that is given as a data address. Large ones become blobs, which
// have no such limit and need no network.
for (const result of Object.values(results)) {
  if (result.mime_type === "text/html" && result.data_uri.startsWith("data:") && result.data_uri.length > 2 ** 20)
    fetch(result.data_uri).then(answer => answer.blob()).then(page => { result.data_uri = URL.createObjectURL(page); });
  if (result.caption) result.job_properties.params = "";  // they repeat the caption, and the notebooks have them
}

// The graph of the rules, from the data down to the report: figures are one node, joined tables another, and a link that
// follows from others is left out.
function arrange(spec) {
  const [nodes, ...links] = spec.data.map(data => data.values);
  const group = rule => rule.startsWith("figure_") ? "figures" : rule.endsWith("_tables") ? "tables" : rule;
  const names = nodes.map(node => group(node.rule)), rules = new Map(names.map((name, i) => [name, nodes[i].rule]));
  const before = new Map(names.map(name => [name, new Set()]));
  for (const { source, target } of links.flat())
    if (names[source] !== names[target]) before.get(names[target]).add(names[source]);
  const above = new Map(), level = new Map(), rows = [];
  const visit = name => {
    if (above.has(name)) return;
    above.set(name, new Set(before.get(name)));
    level.set(name, 0);
    for (const other of before.get(name)) {
      visit(other);
      above.get(other).forEach(one => above.get(name).add(one));
      level.set(name, Math.max(level.get(name), level.get(other) + 1));
    }
    (rows[level.get(name)] ??= []).push(name);
  };
  [...before.keys()].forEach(visit);
  const place = new Map();
  const follows = (other, name) => [...before.get(name)].some(third => above.get(third).has(other));
  const parents = name => [...before.get(name)].filter(other => !follows(other, name));
  const middle = name => parents(name).reduce((sum, other) => sum + place.get(other).fx, 0) / (parents(name).length || 1);
  rows.forEach((row, y) => row.sort((a, b) => middle(a) - middle(b)).forEach((name, x) => {
    place.set(name, { rule: rules.get(name), label: name, fx: 130 * (x - (row.length - 1) / 2), fy: 70 * y });
  }));
  const drawn = [...place.keys()];
  const drawnLinks = drawn.flatMap((name, target) => parents(name).map(other =>
    ({ source: drawn.indexOf(other), target, sourcerule: other, targetrule: name, value: 1 })));
  [[...place.values()], drawnLinks, []].forEach((values, i) => { spec.data[i].values = values; });
  for (const mark of spec.marks) {
    if (mark.name === "labels")
      Object.assign(mark.encode.enter, { text: { field: "label" }, align: { value: "center" }, dx: { value: 0 }, dy: { value: -9 } });
    if (mark.type === "path") Object.assign(mark.transform[0], { shape: "diagonal", orient: "vertical" });
  }
}
arrange(rulegraph_spec);

// "Workflow" shows the graph alone; the house leads back to the cover.
document.addEventListener("click", ({ target }) => {
  const home = target.closest("nav ol li:first-child a"), entry = target.closest("nav ul li a");
  if (home) app.setView({ navbarMode: "menu", content: "rulegraph" });
  if (home || entry) document.body.classList.toggle("graph", entry?.innerText.trim() === "Workflow");
});
