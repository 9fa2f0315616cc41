// Files on their way to the server, and how far they are. fetch() tells
// nothing about that, so this is an XMLHttpRequest.

export class UploadError extends Error {
  constructor(readonly code: string) {
    super(`upload: ${code}`)
    this.name = 'UploadError'
  }
}

interface Upload {
  id: number
  name: string
  sent: number
  size: number
}

interface Uploads {
  running: readonly Upload[]
  failed: { id: number; name: string; code: string } | null
}

let state: Uploads = { running: [], failed: null }
let last = 0
const listeners = new Set<() => void>()

export const uploads = {
  get: () => state,
  subscribe(listener: () => void) {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
}

function set(change: Partial<Uploads>) {
  state = { ...state, ...change }
  for (const listener of listeners) listener()
}

/* name null: a copy that nobody asked for, so nobody is told about it */
export async function send<T>(
  method: 'POST' | 'PUT',
  url: string,
  body: Blob,
  name: string | null,
  signal?: AbortSignal,
): Promise<T> {
  last += 1
  const id = last
  const one: Upload = { id, name: name ?? '', sent: 0, size: body.size }

  if (name !== null) set({ running: [...state.running, one] })

  try {
    return await request<T>(method, url, body, signal, (sent) =>
      set({ running: state.running.map((u) => (u.id === id ? { ...u, sent } : u)) }),
    )
  } catch (error) {
    if (name !== null && error instanceof UploadError && error.code !== 'aborted') set({ failed: { id, name, code: error.code } })
    throw error
  } finally {
    set({ running: state.running.filter((u) => u.id !== id) })
  }
}

function request<T>(
  method: string,
  url: string,
  body: Blob,
  signal: AbortSignal | undefined,
  progress: (sent: number) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()

    const stop = () => xhr.abort()

    const fail = (code: string) => {
      signal?.removeEventListener('abort', stop)
      reject(new UploadError(code))
    }

    xhr.open(method, url)
    xhr.responseType = 'json'

    /* the server looks into the file, the type only says that it is one */
    xhr.setRequestHeader('Content-Type', 'application/octet-stream')

    xhr.upload.onprogress = (event) => progress(event.loaded)
    xhr.onerror = () => fail('offline')
    xhr.onabort = () => fail('aborted')
    xhr.onload = () => {
      const answer = xhr.response as (T & { error?: { code?: string } }) | null

      if (xhr.status === 201 && answer) {
        signal?.removeEventListener('abort', stop)
        resolve(answer)
      } else {
        fail(answer?.error?.code ?? 'internal')
      }
    }

    if (signal?.aborted) return fail('aborted')

    signal?.addEventListener('abort', stop)
    xhr.send(body)
  })
}
