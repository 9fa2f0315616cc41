// The records of a board at a moment, in the form of this editor, and how they
// get into a store whose camera and open page are to stay.
import {
  type SerializedSchema,
  type SerializedStore,
  type TLRecord,
  type TLStore,
  createTLSchemaFromUtils,
  defaultBindingUtils,
  defaultShapeUtils,
} from 'tldraw'

export interface Snapshot {
  documents: { state: TLRecord }[]
  /* absent until somebody has drawn */
  schema?: SerializedSchema
}

const schema = createTLSchemaFromUtils({ shapeUtils: defaultShapeUtils, bindingUtils: defaultBindingUtils })

class Unreadable extends Error {}

export function recordsOf(snapshot: Snapshot): TLRecord[] {
  const records = snapshot.documents.map(({ state }) => state)
  if (!snapshot.schema) return records

  const result = schema.migrateStoreSnapshot({
    schema: snapshot.schema,
    store: Object.fromEntries(records.map((r) => [r.id, r])) as SerializedStore<TLRecord>,
  })
  if (result.type === 'error') throw new Unreadable(result.reason)

  return Object.values(result.value)
}

/* only what differs is touched; what belongs to the session stays */
export function show(store: TLStore, records: TLRecord[]): void {
  const wanted = new Set<string>(records.map((r) => r.id))
  const surplus = store.allRecords().filter((r) => store.scopedTypes.document.has(r.typeName) && !wanted.has(r.id))

  store.mergeRemoteChanges(() => {
    store.put(records)
    store.remove(surplus.map((r) => r.id))
  })
}
