/** What this page has cost so far, by the way that it came. */
export class Tally {
  requests = 0;
  news = 0;
  events = 0;

  constructor(private readonly changed: (tally: Tally) => void) {}

  asked(): void {
    this.requests += 1;
    this.changed(this);
  }

  answered(): void {
    this.news += 1;
    this.changed(this);
  }

  told(): void {
    this.events += 1;
    this.changed(this);
  }
}
