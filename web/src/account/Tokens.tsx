// Keys for programs that use the API in one's name.
import { MixIcon, TrashIcon } from '@radix-ui/react-icons'
import { Badge, Flex, IconButton, Text } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { Section } from '../components/Section'
import { Failed, Loading } from '../components/States'
import { useFailed, useToast } from '../components/Toasts'
import { tokensQuery, useRevokeToken } from '../lib/account'
import { ago, shortDate } from '../lib/time'
import type { Token } from '../lib/types'
import { t } from '../texts'
import { AccountShell } from './AccountShell'
import { NewToken } from './NewToken'

export function Tokens() {
  return (
    <AccountShell title={t.me.tokens}>
      <Section title={t.me.newToken} text={t.me.tokensText}>
        <NewToken />
      </Section>
      <Section title={t.me.yourTokens}>
        <TokenList />
      </Section>
    </AccountShell>
  )
}

function TokenList() {
  const tokens = useQuery(tokensQuery)

  if (tokens.isLoadingError) return <Failed title={t.me.tokensFailed} error={tokens.error} onRetry={tokens.refetch} />
  if (!tokens.data) return <Loading />
  if (tokens.data.tokens.length === 0) return <Text color="gray">{t.me.noTokens}</Text>

  return (
    <ul className="td-list td-rows">
      {tokens.data.tokens.map((token) => (
        <TokenRow key={token.id} token={token} />
      ))}
    </ul>
  )
}

function TokenRow({ token }: { token: Token }) {
  const toast = useToast()
  const failed = useFailed()
  const revoke = useRevokeToken()

  const take = () => revoke.mutateAsync(token.id).then(() => toast({ text: t.me.tokenRevoked(token.name) }), failed)

  return (
    <li className="td-row">
      <span className="td-row-icon">
        <MixIcon />
      </span>
      <div className="td-grow">
        <Text as="p" size="2" truncate>
          {token.name}
        </Text>
        <Text as="p" size="1" color="gray">
          {token.last_used_at ? t.me.lastUsed(ago(token.last_used_at)) : t.me.neverUsed}
          {token.expires_at !== null && `, ${t.share.until(shortDate(token.expires_at))}`}
        </Text>
      </div>
      <Flex gap="1" wrap="wrap">
        {token.scopes.map((s) => (
          <Badge key={s} color="gray">
            {t.me.scopes[s].name}
          </Badge>
        ))}
      </Flex>
      <IconButton
        variant="ghost"
        color="red"
        loading={revoke.isPending}
        aria-label={t.me.revokeToken(token.name)}
        title={t.share.revoke}
        onClick={() => void take()}
      >
        <TrashIcon />
      </IconButton>
    </li>
  )
}
