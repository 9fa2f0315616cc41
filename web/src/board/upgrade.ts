// A board that an older editor wrote is brought to the form of this one: the
// app has the migrations, the server swaps the result in, or says that somebody
// else was faster, and then it is read again.
import {
  type SerializedSchema,
  type SerializedStore,
  type TLRecord,
  createTLSchemaFromUtils,
  defaultBindingUtils,
  defaultShapeUtils,
} from 'tldraw'
import { query, request, segment } from '../lib/api'
import { hasCode } from '../lib/errors'

interface Snapshot {
  clock: number
  documentClock: number
  documents: { state: TLRecord; lastChangedClock: number }[]
  tombstones: Record<string, number>
  tombstoneHistoryStartsAtClock: number
  /* absent until somebody has drawn */
  schema?: SerializedSchema
}

/* older-board: this page can mend it; same: nothing to do; newer-board: the
   page is too old for the board */
export type Finding = 'older-board' | 'same' | 'newer-board'

const TRIES = 5
const schema = createTLSchemaFromUtils({ shapeUtils: defaultShapeUtils, bindingUtils: defaultBindingUtils })

export async function look(room: string, link: string | null): Promise<Finding> {
  return compare((await read(room, link)).snapshot.schema)
}

function compare(theirs: SerializedSchema | undefined): Finding {
  if (!theirs) return 'same'
  const since = schema.getMigrationsSince(theirs)
  if (!since.ok) return 'newer-board'
  return since.value.length > 0 ? 'older-board' : 'same'
}

export async function upgrade(room: string, link: string | null): Promise<void> {
  for (let n = 1; ; n += 1) {
    const { snapshot, etag } = await read(room, link)
    if (!snapshot.schema || compare(snapshot.schema) !== 'older-board') return

    try {
      await request('PUT', path(room, link), JSON.stringify(migrate(snapshot, snapshot.schema)), {
        'Content-Type': 'application/json',
        'If-Match': etag,
      })
      return
    } catch (error) {
      if (n === TRIES || !hasCode(error, 'precondition_failed')) throw error
    }
  }
}

const path = (room: string, link: string | null) => `rooms/${segment(room)}/snapshot${query({ link })}`

async function read(room: string, link: string | null): Promise<{ snapshot: Snapshot; etag: string }> {
  const response = await request('GET', path(room, link))
  return { snapshot: (await response.json()) as Snapshot, etag: response.headers.get('ETag') ?? '' }
}

function migrate(snapshot: Snapshot, from: SerializedSchema): Snapshot {
  const records = Object.fromEntries(snapshot.documents.map(({ state }) => [state.id, state]))
  const result = schema.migrateStoreSnapshot({
    schema: from,
    store: records as SerializedStore<TLRecord>,
  })
  if (result.type === 'error') throw new Error(`The board cannot be migrated: ${result.reason}`)

  return {
    ...snapshot,
    documents: Object.values(result.value).map((state) => ({ state, lastChangedClock: snapshot.documentClock })),
    tombstones: {},
    tombstoneHistoryStartsAtClock: snapshot.documentClock,
    schema: schema.serialize(),
  }
}
