import { type Database, openDatabase } from '../../src/database/open.js';

/** Opens the database of a state folder, which must be usable. */
export async function openTestDatabase(folder: string): Promise<Database.Database> {
  const { database, warning } = await openDatabase(folder);
  if (!database) throw new Error(warning);
  return database;
}
