// What Gradio's parts lack for people who use a screen reader.
"use strict";

function tidy() {
  // The box is named after everything in its frame, the button too.
  document.querySelector("#query textarea")?.setAttribute("aria-label", "Search the papers");
  document.querySelector("#told")?.setAttribute("aria-live", "polite");
}

new MutationObserver(tidy).observe(document.documentElement, { childList: true, subtree: true });
