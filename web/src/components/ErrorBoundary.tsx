// The last net under the app. A chunk that is gone after an update of the
// server is fetched anew by reloading, once.
import { Button } from '@radix-ui/themes'
import { Component, type ReactNode } from 'react'
import { baseUrl } from '../lib/base'
import { reloadOnce } from '../lib/reload'
import { t } from '../texts'
import { CenterPage } from './CenterPage'

/* without a server a reload would lead to the browser's own error page */
async function reloadIfAnswered() {
  const answer = await fetch(baseUrl, { cache: 'no-store' }).catch(() => null)
  if (answer?.ok) reloadOnce('chunk')
}

export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError() {
    return { failed: true }
  }

  override componentDidCatch(error: unknown) {
    if (error instanceof TypeError && /import|module/i.test(error.message)) void reloadIfAnswered()
  }

  override render() {
    if (!this.state.failed) return this.props.children

    return (
      <CenterPage title={t.crash.title} text={t.crash.text}>
        <Button size="3" onClick={() => window.location.reload()}>
          {t.crash.reload}
        </Button>
      </CenterPage>
    )
  }
}
