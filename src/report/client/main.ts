import { addDetailsButtons } from './details.js';
import { addRowFilter } from './filter-rows.js';
import { addSorting } from './sort-rows.js';

/** The script of the page. It only reorders, hides and opens what the page already has. */
addDetailsButtons();
for (const table of document.querySelectorAll<HTMLTableElement>('table.sortable')) addSorting(table);
for (const controls of document.querySelectorAll<HTMLElement>('.controls')) addRowFilter(controls);
