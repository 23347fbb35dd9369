/** Height of the line above the chart, in pixels of the picture for each of its scale. */
const HEAD = 34;

/** A picture of the chart with a line above that says what it is of. */
export function pictureOf(chart: HTMLCanvasElement, title: string, place: Element): HTMLCanvasElement {
  const scale = devicePixelRatio;
  const canvas = document.createElement("canvas");
  canvas.width = chart.width;
  canvas.height = chart.height + Math.round(HEAD * scale);
  const pen = canvas.getContext("2d");
  if (pen === null) throw new Error("the browser has no canvas to draw on");
  const style = getComputedStyle(place);
  pen.fillStyle = style.getPropertyValue("--surface").trim();
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = style.getPropertyValue("--ink").trim();
  pen.font = `600 ${14 * scale}px ${style.fontFamily}`;
  pen.textBaseline = "middle";
  pen.fillText(title, 12 * scale, (HEAD / 2) * scale);
  pen.drawImage(chart, 0, canvas.height - chart.height);
  return canvas;
}

/** Gives it to whoever looks at the page, as a file. */
export function save(canvas: HTMLCanvasElement, name: string): void {
  canvas.toBlob((blob) => {
    if (blob === null) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    // The browser has taken it over by the next turn.
    setTimeout(() => URL.revokeObjectURL(link.href));
  }, "image/png");
}
