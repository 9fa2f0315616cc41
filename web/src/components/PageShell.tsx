// The frame of the pages: brand, account, what is on the page, and at its side
// where else one can go.
import { Container, Flex, Link as ThemeLink } from '@radix-ui/themes'
import { type ReactNode, useEffect } from 'react'
import { Link } from 'react-router-dom'
import { t } from '../texts'
import { AccountMenu } from './AccountMenu'
import { Brand } from './Brand'

interface Props {
  title: string
  side?: ReactNode
  children: ReactNode
}

export function PageShell({ title, side, children }: Props) {
  useEffect(() => {
    document.title = title ? `${title} · ${t.app}` : t.app
  }, [title])

  return (
    <>
      <a href="#content" className="td-skip" onClick={focusContent}>
        {t.skip}
      </a>
      <header className="td-header">
        <Container size="4" px="4">
          <Flex align="center" justify="between" gap="4" height="60px">
            <ThemeLink asChild underline="none" highContrast>
              <Link to="/" aria-label={`${t.app}: ${t.toBoards}`}>
                <Brand />
              </Link>
            </ThemeLink>
            <AccountMenu />
          </Flex>
        </Container>
      </header>
      <Container size="4" px="4" py={{ initial: '4', sm: '6' }}>
        <div className="td-columns">
          {side}
          <main id="content" tabIndex={-1} className="td-grow">
            {children}
          </main>
        </div>
      </Container>
    </>
  )
}

/* a bare #content would be resolved against <base> and leave the page */
function focusContent(event: { preventDefault(): void }) {
  event.preventDefault()
  document.getElementById('content')?.focus()
}
