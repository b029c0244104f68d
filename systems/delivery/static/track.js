// Draws the track anew whenever the delivery moved.
const page = document.getElementById("tracking");
const stream = new EventSource(page.dataset.events);
const draw = () => htmx.trigger("#track", "moved");
stream.addEventListener("tracking", draw);
stream.addEventListener("end", () => {
  stream.close();
  draw();
});
