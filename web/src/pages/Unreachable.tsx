// The server does not answer: tries again every few seconds.
import { Button } from '@radix-ui/themes'
import { useEffect, useState } from 'react'
import { LinkBreak2Icon } from '@radix-ui/react-icons'
import { CenterPage } from '../components/CenterPage'
import { t } from '../texts'

const EVERY = 3000

export function Unreachable({ onRetry }: { onRetry: () => Promise<unknown> }) {
  const [busy, setBusy] = useState(false)

  const retry = () => {
    setBusy(true)
    void onRetry().finally(() => setBusy(false))
  }

  useEffect(() => {
    const timer = setInterval(() => void onRetry(), EVERY)
    return () => clearInterval(timer)
  }, [onRetry])

  return (
    <CenterPage
      icon={<LinkBreak2Icon width={22} height={22} />}
      title={t.refusal.OFFLINE.title}
      text={t.refusal.OFFLINE.text}
    >
      <Button size="3" variant="soft" loading={busy} onClick={retry}>
        {t.retry}
      </Button>
    </CenterPage>
  )
}
