// Pictures of the pages at four widths, in the light and in the dark, for people who look at them.
//
//   node shots.mjs CHROMIUM LINK FOLDER PATH...
import { Browser } from "./browser.mjs";

const [program, link, folder, ...paths] = process.argv.slice(2);
const widths = (process.env.WIDTHS ?? "320,768,1280,1920").split(",").map(Number);
const schemes = (process.env.SCHEMES ?? "light,dark").split(",");
const origin = new URL(link).origin;
const browser = await Browser.start(program);
try {
  const page = await browser.page();
  await page.go(link);
  await page.until("location.pathname === '/'", "signed in");
  for (const path of paths) {
    for (const scheme of schemes) {
      for (const width of widths) {
        await page.looks(width, scheme);
        await page.go(origin + path);
        const over = await page.says("document.documentElement.scrollWidth - innerWidth");
        const name = path.replace(/[^a-z0-9]+/gi, "_").replace(/^_|_$/g, "") || "overview";
        await page.shot(`${folder}/${name}-${width}-${scheme}.png`);
        if (over > 0) console.log(`${path} at ${width}: ${over} px too wide`);
      }
    }
  }
  for (const complaint of page.complaints) console.log(`console: ${complaint}`);
} finally {
  await browser.end();
}
