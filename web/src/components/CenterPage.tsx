// A page with one thing to do: signing in, a refusal, an error.
import { Box, Card, Flex, Heading, Link, Text } from '@radix-ui/themes'
import { type ReactNode, useEffect } from 'react'
import { appUrl } from '../lib/base'
import { t } from '../texts'
import { Brand } from './Brand'

interface Props {
  title: string
  text?: ReactNode
  icon?: ReactNode
  children?: ReactNode
  footer?: ReactNode
}

export function CenterPage({ title, text, icon, children, footer }: Props) {
  useEffect(() => {
    document.title = `${title} · ${t.app}`
  }, [title])

  return (
    <Flex direction="column" align="center" className="td-canvas td-center" px="4" py="6" asChild>
      <main>
        <Box mb="5">
          <Brand />
        </Box>
        <Card size="4" className="td-center-card">
          {icon && (
            <Flex className="td-round" align="center" justify="center" mb="4">
              {icon}
            </Flex>
          )}
          <Heading as="h1" size="6" mb="2">
            {title}
          </Heading>
          {text && (
            <Text as="p" size="3" color="gray" mb="5">
              {text}
            </Text>
          )}
          {children}
        </Card>
        {footer && (
          <Text as="p" size="2" color="gray" mt="4">
            {footer}
          </Text>
        )}
        <Link size="1" color="gray" mt="5" href={appUrl('licenses.html')}>
          {t.licenses}
        </Link>
      </main>
    </Flex>
  )
}
