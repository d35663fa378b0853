import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../../shared/auth/index.js';
import { IdParam, SendsVersion } from '../../shared/http/index.js';
import { editsOf } from '../edit.dto.js';
import { SuggestionDecisionsService } from './decisions.service.js';
import {
  AcceptedView,
  AcceptSuggestion,
  ListSuggestions,
  RejectSuggestion,
  SuggestEdits,
  SuggestionEntryView,
  SuggestionPage,
  SuggestionView,
} from './suggestion.dto.js';
import { SuggestionsService } from './suggestions.service.js';

/** Changes that somebody proposes and somebody else decides on. */
@Controller('v1/documents/:id/suggestions')
@RequireScope('documents:write')
export class SuggestionsController {
  constructor(
    private readonly suggestions: SuggestionsService,
    private readonly decisions: SuggestionDecisionsService,
  ) {}

  /** Suggests edits; for whoever may comment. */
  @Post()
  suggest(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() { edits, ...more }: SuggestEdits,
  ): Promise<SuggestionEntryView> {
    return this.suggestions.suggest(caller, id, { edits: editsOf(edits), ...more });
  }

  /** Oldest first, without their edits. */
  @Get()
  @RequireScope('documents:read')
  list(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() query: ListSuggestions,
  ): Promise<SuggestionPage> {
    return this.suggestions.list(caller, id, query);
  }

  /** One with its edits, and the diff that they make. */
  @Get(':suggestionId')
  @RequireScope('documents:read')
  async get(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('suggestionId') suggestionId: string,
  ): Promise<SuggestionView> {
    return SuggestionView.of(await this.suggestions.get(caller, id, suggestionId));
  }

  /** Takes a suggestion over into the newest version, once. */
  @Post(':suggestionId/accept')
  @HttpCode(200)
  @SendsVersion()
  async accept(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('suggestionId') suggestionId: string,
    @Body() body: AcceptSuggestion,
  ): Promise<AcceptedView> {
    const { document, suggestion } = await this.decisions.accept(caller, id, suggestionId, body);
    return AcceptedView.ofAccepted(document, suggestion);
  }

  /** Rejects a suggestion, once; its author may take it back. */
  @Post(':suggestionId/reject')
  @HttpCode(200)
  reject(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('suggestionId') suggestionId: string,
    @Body() { note }: RejectSuggestion,
  ): Promise<SuggestionEntryView> {
    return this.decisions.reject(caller, id, suggestionId, note);
  }
}
