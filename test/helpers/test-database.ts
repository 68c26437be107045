import { type Database, openDatabase } from '../../src/database/open.js';

/** Opens the database of a state folder. Throws if it can't be used. */
export async function openTestDatabase(folder: string): Promise<Database.Database> {
  const { database, warning } = await openDatabase(folder);
  if (!database) throw new Error(warning);
  return database;
}
