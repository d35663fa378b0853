/** Whether this node finishes what it has and takes nothing new. There is no way back. */
export class Draining {
  private begun = false;

  get active(): boolean {
    return this.begun;
  }

  begin(): void {
    this.begun = true;
  }
}
