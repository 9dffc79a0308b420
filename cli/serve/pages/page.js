"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const say = $("say"), readOnly = $("live").textContent;
  let local = false, busy = false, again = false, timer = 0, fresh = 0, spoken = 0;

  // Times, in UTC as they are written, or as this machine's clock shows them.
  const times = (root) => {
    for (const time of root.querySelectorAll("time")) {
      time.dataset.utc ??= time.textContent;
      time.textContent = local ? new Date(time.dateTime).toLocaleString() : time.dataset.utc;
    }
  };
  const zone = $("zone");
  zone.hidden = false;
  zone.addEventListener("click", () => {
    local = !local;
    zone.setAttribute("aria-pressed", String(local));
    zone.textContent = local ? "Show UTC" : "Show local time";
    times(document);
  });

  // Commands can be copied where the browser lets a page do so.
  const buttons = (root) => {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("button.copy")) button.hidden = false;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button.copy");
    if (!button) return;
    await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });

  // A filter is followed as soon as something is chosen.
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("form[data-filter] select, form[data-filter] [type=checkbox]")) event.target.form.requestSubmit();
  });

  // The same page, asked for once more: what is marked live takes the place of what it was.
  const was = new Map();
  for (const part of document.querySelectorAll("[data-live]")) was.set(part.id, part.outerHTML);
  const swap = (old, part) => {
    const open = new Set([...old.querySelectorAll("details[open]")].map((one) => one.id));
    const scroll = [...old.querySelectorAll(".wide")].map((one) => one.scrollLeft);
    const focus = old.contains(document.activeElement) ? [...old.querySelectorAll("a,button,summary,.wide")].indexOf(document.activeElement) : -1;
    const next = document.importNode(part, true);
    for (const one of next.querySelectorAll("details")) if (one.id && open.has(one.id)) one.open = true;
    times(next);
    buttons(next);
    next.classList.add("fresh");
    old.replaceWith(next);
    [...next.querySelectorAll(".wide")].forEach((one, nth) => { one.scrollLeft = scroll[nth] ?? 0; });
    if (focus >= 0) [...next.querySelectorAll("a,button,summary,.wide")][focus]?.focus({ preventScroll: true });
  };
  const renew = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { redirect: "error", cache: "no-store" });
      // Its style has a nonce of its own, which is none of this page's; this page has the same style already.
      const text = (await answer.text()).replace(/<style[^]*?<\/style>/, "");
      const page = new DOMParser().parseFromString(text, "text/html");
      since = "";
      if (answer.status === 401) {
        gone = "The server was started anew, and lets in who opens the link that it printed.";
        stranger = true;
      } else {
        // Who was let in anew needs the secrets of that server in its forms.
        if (stranger) location.reload();
        gone = answer.ok ? "" : page.getElementById("why")?.textContent ?? `The server answers with ${answer.status}.`;
      }
      for (const part of page.querySelectorAll("[data-live]")) {
        const text = part.outerHTML, old = $(part.id);
        if (old && was.get(part.id) !== text) { was.set(part.id, text); swap(old, part); }
      }
      tell();
    } catch {
      lost();
    }
    alarm();
    busy = false;
    if (again) { again = false; soon(); }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(renew, 700); };
  // What is shown is not what is: nobody may take it for that.
  let unread = "", gone = "", since = "", stranger = false;
  const lost = () => {
    since ||= `${new Date().toISOString().slice(0, 19)}Z`;
    gone = `The server does not answer since ${since}. What is shown is as it was then.`;
  };
  const alarm = () => {
    const words = gone || unread, at = $("alarm");
    if (at.textContent !== words) at.textContent = words;
    at.hidden = words === "";
    $("live").textContent = `${readOnly}, ${words === "" ? "live" : "not live"}`;
  };
  // It is said what is new, and never more often than every ten seconds.
  const tell = () => {
    const now = Date.now();
    if (fresh === 0 || now - spoken < 10000) return;
    say.textContent = fresh === 1 ? "1 new event" : `${fresh} new events`;
    [fresh, spoken] = [0, now];
  };

  times(document);
  buttons(document);
  let stream, last = document.body.dataset.position;
  const follow = () => {
    stream = new EventSource(`/live?after=${last}`);
    stream.onopen = () => { gone = since = unread = ""; alarm(); if (stranger) soon(); };
    stream.onerror = () => {
      if (stream.readyState !== EventSource.CLOSED) { lost(); alarm(); return; }
      // It was refused, which a browser takes as final.
      soon();
      setTimeout(follow, 5000);
    };
    stream.onmessage = (event) => { last = event.lastEventId; fresh += 1; soon(); };
    stream.addEventListener("runner", soon);
    stream.addEventListener("shorter", (event) => { last = event.lastEventId; soon(); });
    stream.addEventListener("unread", (event) => { unread = JSON.parse(event.data).words ?? ""; alarm(); soon(); });
  };
  follow();
  addEventListener("pagehide", () => stream.close());
})();
