import { AccountApi } from "./account/account-api";
import { BrowserMemory, openStorage, randomId } from "./chat/storage";
import { systemClock } from "./net/clock";
import { httpTo } from "./net/http";
import { enableLanguageSwitch, readPage } from "./page";
import { AccountView } from "./view/account";

const { language, texts, backHttp } = readPage(document.body);

enableLanguageSwitch();
const browser = new BrowserMemory(
  openStorage(() => localStorage),
  randomId,
);
const api = new AccountApi(httpTo(backHttp, "include"));
const view = new AccountView({
  ...{ language, texts, api, clock: systemClock, random: Math.random },
  remember: (name) => browser.saveAccount(name),
});
addEventListener("online", () => view.wake());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) view.wake();
});
// A guest needn't ask who they are: a browser takes the answer for an error, and says so.
if (browser.account === null) view.showGuest();
else void view.load();
