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
