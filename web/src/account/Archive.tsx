// Everything of the account as one file, out and in.
import { Button, Callout, Flex, Progress, Text } from '@radix-ui/themes'
import { useQueryClient } from '@tanstack/react-query'
import { type ChangeEvent, useEffect, useRef, useState } from 'react'
import { type Bringing, type Brought, archiveUrl, bring } from '../lib/archive'
import { errorText, hasCode } from '../lib/errors'
import { t } from '../texts'

type Result = Brought | 'broken' | { error: unknown }

export function Archive() {
  const input = useRef<HTMLInputElement>(null)
  const stop = useRef<AbortController | null>(null)
  const client = useQueryClient()
  const [name, setName] = useState<string | null>(null)
  const [state, setState] = useState<Bringing>({ sent: 0, done: 0, of: 0 })
  const [result, setResult] = useState<Result | null>(null)

  useEffect(() => () => stop.current?.abort(), [])

  const chosen = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0]
    event.target.value = ''
    if (!file) return

    stop.current = new AbortController()
    setName(file.name)
    setResult(null)
    setState({ sent: 0, done: 0, of: 0 })

    bring(file, stop.current.signal, setState)
      .then(
        (brought) => setResult(brought ?? 'broken'),
        (error: unknown) => setResult({ error }),
      )
      .finally(() => {
        setName(null)
        void client.invalidateQueries()
      })
  }

  return (
    <>
      <Flex gap="3" wrap="wrap">
        <Button variant="soft" asChild>
          <a href={archiveUrl()} download>
            {t.me.takeAway}
          </a>
        </Button>
        <Button variant="soft" color="gray" disabled={name !== null} onClick={() => input.current?.click()}>
          {t.me.bring}
        </Button>
        <input ref={input} type="file" accept=".zip,application/zip" hidden aria-label={t.me.bring} onChange={chosen} />
      </Flex>
      {name !== null && <Running name={name} state={state} onStop={() => stop.current?.abort()} />}
      <div aria-live="polite">{result && <Outcome result={result} />}</div>
    </>
  )
}

/* the file is on its way first, then the boards are made */
function Running({ name, state, onStop }: { name: string; state: Bringing; onStop: () => void }) {
  const part = state.of ? state.done / state.of : state.sent

  return (
    <Flex direction="column" gap="2" mt="4">
      <Text size="2">{t.me.bringing(name)}</Text>
      <Progress value={Math.round(part * 100)} aria-label={t.me.bringing(name)} />
      <Flex justify="between" align="center">
        <Text size="1" color="gray">
          {state.of ? t.me.bringingBoards(state.done, state.of) : `${Math.round(part * 100)} %`}
        </Text>
        <Button size="1" variant="ghost" color="gray" onClick={onStop}>
          {t.me.stopBringing}
        </Button>
      </Flex>
    </Flex>
  )
}

function Outcome({ result }: { result: Result }) {
  if (result === 'broken') return <Note color="amber" text={t.me.bringBroken} />

  if ('error' in result) {
    const known = !hasCode(result.error, 'bad_request')
    return <Note color="red" text={known ? errorText(result.error) : t.me.bringFailed} />
  }

  return (
    <>
      <Note color="green" text={t.me.brought(result.boards, result.files)} />
      {result.failed.length > 0 && (
        <Callout.Root color="amber" mt="3" role="alert">
          <Callout.Text>{t.me.broughtFailed}</Callout.Text>
          {result.failed.map((board) => (
            <Callout.Text key={board.name} size="1">
              {board.name}: {board.message}
            </Callout.Text>
          ))}
        </Callout.Root>
      )}
    </>
  )
}

function Note({ color, text }: { color: 'green' | 'amber' | 'red'; text: string }) {
  return (
    <Callout.Root color={color} mt="4" size="1">
      <Callout.Text>{text}</Callout.Text>
    </Callout.Root>
  )
}
