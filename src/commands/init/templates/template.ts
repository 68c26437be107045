/** A file that a template writes. The file name is the name of the narrative plus this extension. */
export interface TemplateFile {
  extension: string;
  content: string | Uint8Array;
}

/** A narrative that runs, with the files that it needs. */
export interface Template {
  /** The files; the narrative is the first. */
  files: readonly TemplateFile[];
  /** The arguments of the command that rehearses the narrative. */
  rehearseArgs: readonly string[];
}

/** Creates a template for a narrative with this name. */
export type CreateTemplate = (name: string) => Template;
