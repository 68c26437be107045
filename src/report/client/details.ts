/**
 * Shows the buttons that open and close all folded parts of the page. In rows that are filtered out, the parts stay as
 * they are.
 */
export function addDetailsButtons(): void {
  if (document.querySelector('details') === null) return;
  for (const [id, isOpen] of [
    ['expand', true],
    ['collapse', false],
  ] as const) {
    const button = document.getElementById(id);
    if (!button) continue;
    button.hidden = false;
    button.addEventListener('click', () => {
      for (const details of document.querySelectorAll('details')) {
        if (details.closest('tr[hidden]') === null) details.open = isOpen;
      }
    });
  }
}
