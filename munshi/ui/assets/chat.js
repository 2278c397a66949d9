// What Gradio's chat log lacks for people who use a screen reader.
"use strict";

function tidy() {
  // A message carries its own source text as its label, markup and all: without the label, its text is read.
  for (const message of document.querySelectorAll('#log [data-testid="bot"], #log [data-testid="user"]')) {
    message.removeAttribute("aria-label");
  }
  // The box is named after everything in its frame, the button too.
  document.querySelector("#box textarea")?.setAttribute("aria-label", "Your message");
  // A reply that is still growing is read once, when it is whole.
  const log = document.querySelector('#log [role="log"]');
  log?.setAttribute("aria-busy", String(log.querySelector(".growing") !== null));
}

new MutationObserver(tidy).observe(document.documentElement, { childList: true, subtree: true });

// Sending a photo: the file goes to the server as it is, which answers it in the chat.

const MOST_BYTES = 10 * 1024 * 1024;
const PAPERCLIP =
  '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 13.5 14.6 6a3.4 3.4 0 0 1 4.8 4.8l-8.9 8.8a5.4 5.4 0 0 1-7.6-7.6l8.5-8.5"/></svg>';

function addAttaching() {
  const row = document.querySelector("#box .input-container");
  if (!row || row.querySelector("#attach")) return;
  const input = Object.assign(document.createElement("input"), { type: "file", hidden: true });
  input.accept = "image/jpeg,image/png,image/webp,application/pdf";
  const button = Object.assign(document.createElement("button"), { type: "button", id: "attach", innerHTML: PAPERCLIP });
  button.setAttribute("aria-label", "Send a photo or a PDF");
  button.title = "Send a photo or a PDF";
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = "";
    if (file) await sendFile(file, button);
  });
  row.prepend(button, input);
}

// What is said of it, in the chat's language; these words where the server does not tell.
const SAID = {
  sending: "Sending {name} …",
  too_large: "That file is too large. Please send one of at most 10 MB.",
  failed: "The file could not be sent. Please try again in a moment.",
};

async function wording() {
  try {
    const answer = await fetch("./upload");
    return answer.ok ? await answer.json() : SAID;
  } catch {
    return SAID;
  }
}

async function sendFile(file, button) {
  button.disabled = true;
  const said = await wording();
  try {
    if (file.size > MOST_BYTES) return tell(said.too_large);
    tell(said.sending.replace("{name}", () => file.name));
    const headers = { "Content-Type": "application/octet-stream", "X-File-Name": encodeURIComponent(file.name) };
    const answer = await fetch("./upload", { method: "POST", body: file, headers });
    tell(answer.ok ? "" : said.failed);
    document.querySelector("#again")?.click();
  } catch {
    tell(said.failed);
  } finally {
    button.disabled = false;
  }
}

function tell(text) {
  let line = document.querySelector("#sending");
  if (!line) {
    line = Object.assign(document.createElement("p"), { id: "sending" });
    line.setAttribute("role", "status");
    document.querySelector("#box").append(line);
  }
  line.textContent = text;
}

new MutationObserver(addAttaching).observe(document.documentElement, { childList: true, subtree: true });
