// What this page changed and the server has not confirmed yet: whether there is
// any, and a copy of it in this browser, so that neither a reload nor the end
// of the page loses it. The next page that opens the board applies the copy.
import {
  type Atom,
  type RecordsDiff,
  type SerializedSchema,
  type SerializedStore,
  type TLRecord,
  type TLStore,
  atom,
  isEqual,
} from 'tldraw'

/* The client of the pinned version leaves itself at the window; nothing else
   knows what is not confirmed. */
interface SyncClient {
  store: TLStore
  isConnectedToRoom: boolean
  speculativeChanges: RecordsDiff<TLRecord>
}

declare global {
  interface Window {
    tlsync?: SyncClient
  }
}

interface Kept {
  user: string
  schema: SerializedSchema
  changes: RecordsDiff<TLRecord>
}

const PREFIX = 'tidraw.unsaved.'
const LOOK = 100
const isEmpty = ({ added, updated, removed }: RecordsDiff<TLRecord>) =>
  ![added, updated, removed].some((part) => Object.keys(part).length > 0)

export class Unsaved {
  readonly saved: Atom<boolean> = atom('saved', true)
  /* each page keeps its own copy: two tabs may be offline at a time */
  private readonly key: string
  private kept: RecordsDiff<TLRecord> | null = null
  private timer = 0
  private readonly stopListening: () => void

  constructor(
    private readonly client: SyncClient,
    private readonly room: string,
    private readonly user: string,
  ) {
    this.key = `${PREFIX}${room}.${client.store.id}`
    this.stopListening = client.store.listen(() => this.changed(), { source: 'user', scope: 'document' })
    window.addEventListener('pagehide', this.keep)
    document.addEventListener('visibilitychange', this.hidden)
  }

  stop() {
    this.stopListening()
    clearInterval(this.timer)
    window.removeEventListener('pagehide', this.keep)
    document.removeEventListener('visibilitychange', this.hidden)
    this.keep()
  }

  /* whether all is saved within this time */
  async settle(ms: number): Promise<boolean> {
    const end = Date.now() + ms
    while (!this.saved.get() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, LOOK / 4))
    return this.saved.get()
  }

  /* What an earlier page could not save. It is changed here like by hand, so it
     goes to the server and can be undone. */
  restore(): boolean {
    let found = false

    for (const key of keysOf(this.room)) {
      if (key === this.key) continue
      const kept = read(key)
      if (kept?.user !== this.user) continue
      localStorage.removeItem(key)
      found = apply(this.client.store, kept) || found
    }
    return found
  }

  private changed() {
    this.saved.set(false)
    this.timer ||= window.setInterval(this.look, LOOK)
  }

  private readonly look = () => {
    const changes = this.client.speculativeChanges

    if (isEmpty(changes)) {
      clearInterval(this.timer)
      this.timer = 0
      this.forget()
      this.saved.set(true)
    } else if (!this.client.isConnectedToRoom) {
      this.keep()
    }
  }

  private readonly hidden = () => {
    if (document.visibilityState === 'hidden') this.keep()
  }

  private readonly keep = () => {
    const changes = this.client.speculativeChanges
    if (changes === this.kept || isEmpty(changes)) return

    try {
      const kept: Kept = { user: this.user, schema: this.client.store.schema.serialize(), changes }
      localStorage.setItem(this.key, JSON.stringify(kept))
      this.kept = changes
    } catch {
      /* no room left: the page still has them, and asks before it is closed */
    }
  }

  private forget() {
    if (!this.kept) return
    this.kept = null
    localStorage.removeItem(this.key)
  }
}

export function unsavedOf(store: TLStore, room: string, user: string): Unsaved | null {
  const client = window.tlsync
  return client?.store === store ? new Unsaved(client, room, user) : null
}

function keysOf(room: string): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(`${PREFIX}${room}.`))
  } catch {
    return []
  }
}

function read(key: string): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null') as Kept | null
  } catch {
    return null
  }
}

function apply(store: TLStore, { schema, changes }: Kept): boolean {
  try {
    const before = migrated(store, schema, Object.values(changes.updated).map(([from]) => from))
    const after = migrated(store, schema, [
      ...Object.values(changes.added),
      ...Object.values(changes.updated).map(([, to]) => to),
    ])
    const wanted = Object.values(after).flatMap((to) => {
      const from = before[to.id]
      const now = store.get(to.id)
      if (!from) return [to]
      /* somebody deleted it meanwhile */
      return now ? [merge(from, to, now)] : []
    })
    const gone = Object.values(changes.removed).map((r) => r.id)

    store.put(wanted)
    store.remove(gone.filter((id) => store.has(id)))
    return wanted.length + gone.length > 0
  } catch (error) {
    console.warn('Changes of an earlier page do not fit this board any more', error)
    return false
  }
}

function migrated(store: TLStore, schema: SerializedSchema, records: TLRecord[]): SerializedStore<TLRecord> {
  const result = store.schema.migrateStoreSnapshot({
    schema,
    store: Object.fromEntries(records.map((r) => [r.id, r])) as SerializedStore<TLRecord>,
  })
  if (result.type === 'error') throw new Error(result.reason)
  return result.value
}

type Fields = Record<string, unknown>

/* only what was changed here, so that what others did meanwhile stays */
function merge(from: TLRecord, to: TLRecord, now: TLRecord): TLRecord {
  const part = (a: Fields, b: Fields, c: Fields): Fields => {
    const result = { ...c }
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (isEqual(a[name], b[name])) continue
      const deeper = (name === 'props' || name === 'meta') && a[name] && b[name] && c[name]
      if (deeper) result[name] = part(a[name] as Fields, b[name] as Fields, c[name] as Fields)
      else if (name in b) result[name] = b[name]
      else delete result[name]
    }
    return result
  }

  return part(from as unknown as Fields, to as unknown as Fields, now as unknown as Fields) as unknown as TLRecord
}
