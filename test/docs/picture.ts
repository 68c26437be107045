import { writeFileSync } from 'node:fs';
import { drawPicture } from './draw-picture.js';

// `npm run picture` runs this file from the root of the repository.
writeFileSync('.github/run.svg', drawPicture());
